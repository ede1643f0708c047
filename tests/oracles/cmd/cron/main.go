// Command cron reads a schedule with github.com/robfig/cron/v3 and says when it is due.
package main

import (
	"time"

	"github.com/robfig/cron/v3"

	"kikkake/tests/oracles/pipe"
)

type request struct {
	Text     []byte  `json:"text"`
	Fields   string  `json:"fields"`
	Timezone string  `json:"timezone"`
	AfterUs  []int64 `json:"after_us"`
	Times    int     `json:"times"`
}

type answer struct {
	Error string `json:"error"`
	// NextUs has, for each time asked about, the next times one after the other; a schedule that is due never has none.
	NextUs [][]int64 `json:"next_us"`
}

const five = cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow

var parsers = map[string]cron.Parser{
	"STANDARD":         cron.NewParser(five),
	"DESCRIPTORS":      cron.NewParser(five | cron.Descriptor),
	"SECONDS":          cron.NewParser(cron.Second | five | cron.Descriptor),
	"OPTIONAL_SECONDS": cron.NewParser(cron.SecondOptional | five | cron.Descriptor),
}

func main() {
	pipe.Serve(func(r request) answer {
		schedule, err := parsers[r.Fields].Parse(string(r.Text))
		if err != nil {
			return answer{Error: err.Error()}
		}
		zone, err := time.LoadLocation(r.Timezone)
		if err != nil {
			return answer{Error: err.Error()}
		}
		result := answer{NextUs: [][]int64{}}
		for _, after := range r.AfterUs {
			found := []int64{}
			at := time.UnixMicro(after).In(zone)
			for range r.Times {
				at = schedule.Next(at)
				if at.IsZero() {
					break
				}
				found = append(found, at.UnixMicro())
			}
			result.NextUs = append(result.NextUs, found)
		}
		return result
	})
}
