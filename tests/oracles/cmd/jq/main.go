// Command jq transforms data by a program of github.com/itchyny/gojq as upstream's Sensor does: the data is decoded
// into a map, the first output has to be a map, and it is written by encoding/json.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/itchyny/gojq"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Data    []byte `json:"data"`
	Program string `json:"program"`
}

type answer struct {
	Result []byte `json:"result"`
	Error  string `json:"error"`
	Stage  string `json:"stage"`
}

// A program that loops is stopped; its answer is the stage "time".
const limit = 300 * time.Millisecond

func main() {
	pipe.Serve(transform)
}

func transform(r request) answer {
	query, err := gojq.Parse(r.Program)
	if err != nil {
		return answer{Error: err.Error(), Stage: "parse"}
	}
	if _, err := gojq.Compile(query); err != nil {
		return answer{Error: err.Error(), Stage: "compile"}
	}
	var input map[string]any
	if err := json.Unmarshal(r.Data, &input); err != nil {
		return answer{Error: err.Error(), Stage: "data"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	output, ok := query.RunWithContext(ctx, input).Next()
	if !ok {
		return answer{Error: "no output", Stage: "none"}
	}
	switch output := output.(type) {
	case error:
		if ctx.Err() != nil {
			return answer{Stage: "time"}
		}
		return answer{Error: output.Error(), Stage: "run"}
	case map[string]any:
		text, err := json.Marshal(output)
		if err != nil {
			return answer{Error: err.Error(), Stage: "write"}
		}
		return answer{Result: text}
	default:
		return answer{Error: fmt.Sprintf("got %s", gojq.TypeOf(output)), Stage: "type"}
	}
}
