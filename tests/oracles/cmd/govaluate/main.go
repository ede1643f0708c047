// Command govaluate compiles an expression with github.com/Knetic/govaluate and evaluates it.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/Knetic/govaluate"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Expression string         `json:"expression"`
	Variables  map[string]any `json:"variables"`
}

type answer struct {
	// The message of a text that is no expression.
	Refused string `json:"refused,omitempty"`
	// The message of an evaluation that failed.
	Failed string `json:"failed,omitempty"`
	// What the library panicked with, and where.
	Panicked string   `json:"panicked,omitempty"`
	Names    []string `json:"names,omitempty"`
	Value    any      `json:"value"`
}

func main() {
	// Date literals without a zone are read in the process's own.
	time.Local = time.UTC
	pipe.Serve(ask)
}

func ask(r request) (a answer) {
	stage := "compile"
	defer func() {
		if reason := recover(); reason != nil {
			a = answer{Panicked: stage + ": " + fmt.Sprint(reason)}
		}
	}()
	expression, err := govaluate.NewEvaluableExpression(r.Expression)
	if err != nil {
		a.Refused = err.Error()
		return a
	}
	a.Names = expression.Vars()
	stage = "evaluate"
	value, err := expression.Evaluate(r.Variables)
	if err != nil {
		a.Failed = err.Error()
		return a
	}
	a.Value = plain(value)
	return a
}

// plain replaces what JSON cannot carry by its name.
func plain(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "<" + strings.ToLower(fmt.Sprint(v)) + ">"
		}
		if v == 0 && math.Signbit(v) {
			return "<-0>"
		}
	case []any:
		plains := make([]any, len(v))
		for i := range v {
			plains[i] = plain(v[i])
		}
		return plains
	case map[string]any:
		plains := make(map[string]any, len(v))
		for name := range v {
			plains[name] = plain(v[name])
		}
		return plains
	case bool, string, nil, json.Number:
	default:
		return fmt.Sprintf("<%T>", v)
	}
	return value
}
