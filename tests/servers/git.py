"""A git server on loopback, over http: dulwich's own, with repositories that tests build object by object."""

import base64
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

FILE = stat.S_IFREG | 0o644
LINK = stat.S_IFLNK
SUBMODULE = 0o160000
_WHO = b"Ada <ada@example.com>"


class Repository:
    """A bare repository: `commit` files to a branch, `tag` what is there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.repo = Repo.init_bare(folder)
        self._count = 0

    def commit(self, branch: str, entries: Mapping[str, bytes | tuple[int, bytes]]) -> bytes:
        """Files by path; a pair of mode and content is a link or the like. The tree holds these and nothing else."""
        tree = self._tree({path.encode(): entry for path, entry in entries.items()})
        self._count += 1
        commit = Commit()
        commit.tree = tree.id
        commit.author = commit.committer = _WHO
        commit.author_time = commit.commit_time = 1_700_000_000 + self._count
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = b"change %d" % self._count
        ref = Ref(b"refs/heads/" + branch.encode())
        if ref in self.repo.refs:
            commit.parents = [self.repo.refs[ref]]
        self.repo.object_store.add_object(commit)
        self.repo.refs[ref] = commit.id
        return bytes(commit.id)

    def tag(self, name: str, target: bytes, *, is_annotated: bool = False) -> None:
        """Name a commit."""
        found = ObjectID(target)
        if is_annotated:
            tag = Tag()
            tag.name, tag.message, tag.tagger = name.encode(), b"release", _WHO
            tag.tag_time, tag.tag_timezone = 1_700_000_000, 0
            tag.object = (Commit, found)
            self.repo.object_store.add_object(tag)
            found = tag.id
        self.repo.refs[Ref(b"refs/tags/" + name.encode())] = found

    def _tree(self, entries: Mapping[bytes, bytes | tuple[int, bytes]]) -> Tree:
        tree = Tree()
        folders: dict[bytes, dict[bytes, bytes | tuple[int, bytes]]] = {}
        for path, entry in entries.items():
            name, _, rest = path.partition(b"/")
            if rest:
                folders.setdefault(name, {})[rest] = entry
                continue
            mode, content = entry if isinstance(entry, tuple) else (FILE, entry)
            if mode == SUBMODULE:
                tree.add(name, mode, ObjectID(content))
                continue
            blob = Blob.from_string(content)
            self.repo.object_store.add_object(blob)
            tree.add(name, mode, blob.id)
        for name, inner in folders.items():
            tree.add(name, stat.S_IFDIR, self._tree(inner).id)
        self.repo.object_store.add_object(tree)
        return tree


class GitServer:
    """Serves repositories by their path; records the method, path and Authorization of each request."""

    def __init__(
        self, repositories: Mapping[str, Repository], *, user: str = "ada", password: str = ""
    ) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.redirect = ""
        """Every request is led to that URL (and its path) instead."""
        self.is_down = False
        """Every request is answered 503."""
        self._password = password
        self._user = user
        served: dict[str, BackendRepo] = {path: each.repo for path, each in repositories.items()}
        self._git: Wsgi = make_wsgi_chain(DictBackend(served))
        self._server = make_server("127.0.0.1", 0, self._answer, _Server, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["GitServer"]:
        """In a thread, until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="git-server")
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "")
        path = environ["PATH_INFO"]
        self.requests.append((environ["REQUEST_METHOD"], path, given))
        if self.is_down:
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if self.redirect:
            query = environ.get("QUERY_STRING", "")
            start("302 Found", [("Location", f"{self.redirect}{path}?{query}"), ("Content-Length", "0")])
            return [b""]
        wanted = "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        if self._password and given != wanted:
            start("401 Unauthorized", [("WWW-Authenticate", "Basic"), ("Content-Length", "0")])
            return [b""]
        return self._git(environ, start)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: the test asks for `requests`."""
