// Command template runs text/template with the functions of github.com/Masterminds/sprig/v3.
//
// The data is JSON, decoded as the gateway's upstream does it. The answer has the output (also what was written
// before an error) and the text of the error.
package main

import (
	"bytes"
	"encoding/json"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	// Name of the template in messages; "" is upstream's.
	Name string          `json:"name"`
	Text []byte          `json:"text"`
	Data json.RawMessage `json:"data"`
	// Plain leaves sprig's functions out.
	Plain bool `json:"plain"`
}

type answer struct {
	Output []byte `json:"output"`
	Error  []byte `json:"error"`
	// Stage is "", "parse" or "execute": where the error arose.
	Stage string `json:"stage"`
}

func main() {
	pipe.Serve(func(r request) answer {
		var data any
		if len(r.Data) > 0 {
			if err := json.Unmarshal(r.Data, &data); err != nil {
				panic(err)
			}
		}
		parsed := template.New(r.Name)
		if !r.Plain {
			parsed = parsed.Funcs(sprig.TxtFuncMap())
		}
		parsed, err := parsed.Parse(string(r.Text))
		if err != nil {
			return answer{Error: []byte(err.Error()), Stage: "parse"}
		}
		var out bytes.Buffer
		if err := parsed.Execute(&out, data); err != nil {
			return answer{Output: out.Bytes(), Error: []byte(err.Error()), Stage: "execute"}
		}
		return answer{Output: out.Bytes()}
	})
}
