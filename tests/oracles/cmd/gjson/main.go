// Command gjson looks a path up in a document with github.com/tidwall/gjson.
package main

import (
	"encoding/json"
	"math"

	"github.com/tidwall/gjson"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Document []byte `json:"document"`
	Path     []byte `json:"path"`
}

type answer struct {
	Exists  bool   `json:"exists"`
	Kind    string `json:"kind"`
	Raw     []byte `json:"raw"`
	Text    []byte `json:"text"`
	Truth   bool   `json:"truth"`
	Index   int    `json:"index"`
	Indexes []int  `json:"indexes"`
	Valid   bool   `json:"valid"`
	Value   any    `json:"value"`
}

func main() {
	pipe.Serve(func(r request) answer {
		found := gjson.Get(string(r.Document), string(r.Path))
		return answer{
			Exists:  found.Exists(),
			Kind:    found.Type.String(),
			Raw:     []byte(found.Raw),
			Text:    []byte(found.String()),
			Truth:   found.Bool(),
			Index:   found.Index,
			Indexes: found.Indexes,
			Valid:   json.Valid(r.Document),
			Value:   finite(found.Value()),
		}
	})
}

// finite replaces the numbers that JSON cannot carry by their names.
func finite(value any) any {
	switch v := value.(type) {
	case float64:
		switch {
		case math.IsNaN(v):
			return "<nan>"
		case math.IsInf(v, 1):
			return "<inf>"
		case math.IsInf(v, -1):
			return "<-inf>"
		}
	case []any:
		for i := range v {
			v[i] = finite(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = finite(v[name])
		}
	}
	return value
}
