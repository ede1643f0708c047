// Command lua runs scripts of github.com/yuin/gopher-lua as upstream's Sensor does, as a filter or as a transform.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Data      []byte `json:"data"`
	Script    string `json:"script"`
	Transform bool   `json:"transform"`
}

type answer struct {
	Passed bool   `json:"passed"`
	Result []byte `json:"result"`
	Error  string `json:"error"`
	Stage  string `json:"stage"`
}

const limit = 300 * time.Millisecond

func main() {
	pipe.Serve(run)
}

func run(r request) answer {
	var event map[string]any
	if err := json.Unmarshal(r.Data, &event); err != nil {
		return answer{Error: err.Error(), Stage: "data"}
	}
	state := lua.NewState()
	defer state.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("event", object(event))
	function, err := state.LoadString(r.Script)
	if err != nil {
		return answer{Error: err.Error(), Stage: "syntax"}
	}
	state.Push(function)
	if err := state.PCall(0, lua.MultRet, nil); err != nil {
		if ctx.Err() != nil {
			return answer{Stage: "time"}
		}
		return answer{Error: err.Error(), Stage: "run"}
	}
	top := state.Get(-1)
	if !r.Transform {
		return answer{Passed: top == lua.LTrue}
	}
	table, ok := top.(*lua.LTable)
	if !ok {
		return answer{Error: top.Type().String(), Stage: "type"}
	}
	text, err := json.Marshal(value(table))
	if err != nil {
		return answer{Error: err.Error(), Stage: "write"}
	}
	return answer{Result: text}
}

// object is what a script sees of an object: members that are null are absent.
func object(members map[string]any) *lua.LTable {
	table := &lua.LTable{}
	for name, member := range members {
		if list, ok := member.([]any); ok {
			elements := &lua.LTable{}
			for _, element := range list {
				if scalar := plain(element); scalar != nil {
					elements.Append(scalar)
				}
			}
			table.RawSetString(name, elements)
		} else if scalar := plain(member); scalar != nil {
			table.RawSetString(name, scalar)
		}
	}
	return table
}

func plain(member any) lua.LValue {
	switch member := member.(type) {
	case float64:
		return lua.LNumber(member)
	case string:
		return lua.LString(member)
	case bool:
		return lua.LBool(member)
	case map[string]any:
		return object(member)
	}
	return nil
}

// value is what JSON is made of: a table is an array if it is marked so, or has a positive integer key.
func value(v lua.LValue) any {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil
	case lua.LBool:
		return bool(v)
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return float64(v)
	case *lua.LTable:
		marked := false
		if meta, ok := v.Metatable.(*lua.LTable); ok {
			marked = meta.RawGetString("__is_array") == lua.LTrue
		}
		count := v.MaxN()
		if count == 0 && !marked {
			members := map[string]any{}
			v.ForEach(func(key, member lua.LValue) { members[fmt.Sprint(value(key))] = value(member) })
			return members
		}
		elements := make([]any, 0, count)
		for i := 1; i <= count; i++ {
			elements = append(elements, value(v.RawGetInt(i)))
		}
		return elements
	default:
		return v
	}
}
