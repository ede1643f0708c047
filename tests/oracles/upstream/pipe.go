package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// serve answers one JSON line with another until the input ends. A panic of upstream's is an answer too:
// {"panic": "..."}; a line that cannot be read ends the process.
func serve(answer func(request) any) {
	out := bufio.NewWriter(os.Stdout)
	// Upstream prints lines of its own to the standard output when a parameter falls back.
	os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	requests := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	answers := json.NewEncoder(out)
	for requests.More() {
		var next request
		if err := requests.Decode(&next); err != nil {
			fmt.Fprintln(os.Stderr, "bad request:", err)
			os.Exit(1)
		}
		if err := answers.Encode(try(answer, next)); err != nil {
			fmt.Fprintln(os.Stderr, "bad answer:", err)
			os.Exit(1)
		}
		if err := out.Flush(); err != nil {
			os.Exit(1)
		}
	}
}

func try(answer func(request) any, next request) (result any) {
	defer func() {
		if reason := recover(); reason != nil {
			result = map[string]string{"panic": fmt.Sprint(reason)}
		}
	}()
	return answer(next)
}
