// Package pipe lets a test ask a Go library questions: one JSON request a line in, one JSON answer a line out.
//
// Bytes travel as base64, which is what encoding/json makes of a []byte. A panic of the library is an answer
// too: {"panic": "..."}; a request that cannot be read ends the process.
package pipe

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Serve answers requests until the input ends.
func Serve[Request, Answer any](answer func(Request) Answer) {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	requests := json.NewDecoder(lines)
	answers := json.NewEncoder(out)
	for requests.More() {
		var request Request
		if err := requests.Decode(&request); err != nil {
			fmt.Fprintln(os.Stderr, "bad request:", err)
			os.Exit(1)
		}
		if err := answers.Encode(try(answer, request)); err != nil {
			fmt.Fprintln(os.Stderr, "bad answer:", err)
			os.Exit(1)
		}
		if err := out.Flush(); err != nil {
			os.Exit(1)
		}
	}
}

func try[Request, Answer any](answer func(Request) Answer, request Request) (result any) {
	defer func() {
		if reason := recover(); reason != nil {
			result = map[string]string{"panic": fmt.Sprint(reason)}
		}
	}()
	return answer(request)
}
