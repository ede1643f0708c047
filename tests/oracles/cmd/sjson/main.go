// Command sjson writes a text or a raw value into a document with github.com/tidwall/sjson.
package main

import (
	"github.com/tidwall/sjson"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Document []byte `json:"document"`
	Path     []byte `json:"path"`
	Text     []byte `json:"text"`
	Raw      []byte `json:"raw"`
}

type answer struct {
	Document []byte `json:"document"`
	Error    string `json:"error"`
}

func main() {
	pipe.Serve(func(r request) answer {
		var result []byte
		var err error
		if r.Raw != nil {
			result, err = sjson.SetRawBytes(r.Document, string(r.Path), r.Raw)
		} else {
			result, err = sjson.SetBytes(r.Document, string(r.Path), string(r.Text))
		}
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Document: result}
	})
}
