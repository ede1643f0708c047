// Command expr evaluates an expression with github.com/antonmedv/expr over a JSON object, as event sources do.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"time"

	"github.com/Masterminds/sprig/v3"
	"github.com/antonmedv/expr"
	"github.com/antonmedv/expr/builtin"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Expression  []byte `json:"expression"`
	Environment []byte `json:"environment"`
}

// Error is the library's text; Stage says whether it came from the compilation or from the run.
type answer struct {
	Stage string `json:"stage"`
	Error []byte `json:"error"`
	Value any    `json:"value"`
}

func main() {
	functions := sprig.GenericFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	pipe.Serve(func(r request) answer {
		environment := map[string]any{}
		if err := json.Unmarshal(r.Environment, &environment); err != nil {
			return answer{Stage: "environment", Error: []byte(err.Error())}
		}
		environment["asInt"] = builtin.Int
		environment["asFloat"] = builtin.Float
		environment["toJson"] = toJSON
		environment["jsonpath"] = jsonPath
		environment["sprig"] = functions
		program, err := expr.Compile(string(r.Expression))
		if err != nil {
			return answer{Stage: "compile", Error: []byte(err.Error())}
		}
		value, err := expr.Run(program, environment)
		if err != nil {
			return answer{Stage: "run", Error: []byte(err.Error())}
		}
		return answer{Stage: "done", Value: tagged(value)}
	})
}

// jsonPath stands for a function whose library cannot be had; no case calls it.
func jsonPath(_, _ string) any {
	panic("not here")
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// tagged gives a value together with its Go type, in lists that JSON can carry.
func tagged(value any) any {
	if value == nil {
		return []any{"<nil>"}
	}
	name := fmt.Sprintf("%T", value)
	switch v := value.(type) {
	case time.Time:
		return []any{name, v.String()}
	case float64:
		if v == 0 && math.Signbit(v) {
			return []any{name, "-0"}
		}
		return []any{name, strconv.FormatFloat(v, 'g', -1, 64)}
	case string:
		return []any{name, []byte(v)}
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		items := []any{}
		for i := 0; i < v.Len(); i++ {
			items = append(items, tagged(v.Index(i).Interface()))
		}
		return []any{name, items}
	case reflect.Map:
		members := [][]any{}
		for _, key := range v.MapKeys() {
			members = append(members, []any{tagged(key.Interface()), tagged(v.MapIndex(key).Interface())})
		}
		sort.Slice(members, func(i, j int) bool { return toJSON(members[i]) < toJSON(members[j]) })
		return []any{name, members}
	case reflect.Func:
		return []any{"func"}
	}
	return []any{name, fmt.Sprint(value)}
}
