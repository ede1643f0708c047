// Command strconv reads a text as a number and as a boolean, and prints the number again.
package main

import (
	"errors"
	"strconv"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Text string `json:"text"`
}

type answer struct {
	IsNumber bool   `json:"isNumber"`
	Printed  string `json:"printed"`
	Bool     *bool  `json:"bool"`
}

func main() {
	pipe.Serve(func(r request) answer {
		number, err := strconv.ParseFloat(r.Text, 64)
		result := answer{IsNumber: err == nil || errors.Is(err, strconv.ErrRange)}
		if result.IsNumber {
			result.Printed = strconv.FormatFloat(number, 'f', -1, 64)
		}
		if truth, err := strconv.ParseBool(r.Text); err == nil {
			result.Bool = &truth
		}
		return result
	})
}
