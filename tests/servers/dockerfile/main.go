// Checks a Containerfile by BuildKit's own parser and linter, all stages. Its `# check=` line chooses the rules.
//
//	checker FILE      prints one JSON object: {"instructions": [...], "warnings": [...]}; exit 1 with the error on stderr
//
// Nothing is fetched: every base image is answered with an empty configuration.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type instruction struct {
	Name   string   `json:"name"`
	Line   int      `json:"line"`
	Flags  []string `json:"flags"`
	Words  []string `json:"words"`
	IsJSON bool     `json:"json"`
}

type warning struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Line    int32  `json:"line"`
}

type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config, err := json.Marshal(ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}})
	return ref, digest.FromBytes(config), config, err
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	sources := llb.NewSourceMap(nil, file, "Dockerfile", text)
	sources.Definition = &llb.Definition{}
	warnings := []warning{}
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{BuildPlatforms: []ocispecs.Platform{platform}},
		SourceMap:      sources,
		TargetPlatform: &platform,
		MetaResolver:   emptyImages{},
	})
	if err != nil {
		return err
	}
	if results.Error != nil {
		return fmt.Errorf("%s", results.Error.Message)
	}
	for _, each := range results.Warnings {
		line := int32(0)
		if ranges := each.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].Start.Line
		}
		warnings = append(warnings, warning{Rule: each.RuleName, Message: each.Detail, Line: line})
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"instructions": instructions(parsed.AST), "warnings": warnings})
}

func instructions(root *parser.Node) []instruction {
	found := []instruction{}
	for _, node := range root.Children {
		words := []string{}
		for next := node.Next; next != nil; next = next.Next {
			words = append(words, next.Value)
		}
		found = append(found, instruction{
			Name: strings.ToUpper(node.Value), Line: node.StartLine, Flags: append([]string{}, node.Flags...),
			Words: words, IsJSON: node.Attributes["json"],
		})
	}
	return found
}
