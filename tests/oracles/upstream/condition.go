package main

import (
	"context"
	"slices"
	"strings"
	_ "unsafe" // for go:linkname

	"github.com/Knetic/govaluate"
	"go.uber.org/zap"

	"github.com/argoproj/argo-events/pkg/apis/events/v1alpha1"
	"github.com/argoproj/argo-events/pkg/sensors"
	"github.com/argoproj/argo-events/pkg/shared/logging"
)

// getDependencyExpression has no public name.
//
//go:linkname getDependencyExpression github.com/argoproj/argo-events/pkg/sensors.(*SensorContext).getDependencyExpression
func getDependencyExpression(sensor *sensors.SensorContext, ctx context.Context, trigger v1alpha1.Trigger) (string, error)

type conditionAnswer struct {
	Error      string `json:"error,omitempty"`
	Expression string `json:"expression,omitempty"`
	// Names that the expression has, in its order.
	Names []string `json:"names,omitempty"`
	Holds bool     `json:"holds,omitempty"`
}

// holds tells whether a trigger fires once these dependencies have come. Only the translation is upstream's own
// function: what is done with its result takes a connection to a bus there.
func holds(r request) conditionAnswer {
	trigger := v1alpha1.Trigger{Template: &v1alpha1.TriggerTemplate{Name: "t", Conditions: r.Condition}}
	sensor := sensors.NewSensorContext(nil, nil, sensorOf(r.Names), nil, "", "", nil)
	ctx := logging.WithLogger(context.Background(), zap.NewNop().Sugar())
	translated, err := getDependencyExpression(sensor, ctx, trigger)
	if err != nil {
		return conditionAnswer{Error: text(err)}
	}
	expression, err := govaluate.NewEvaluableExpression(strings.ReplaceAll(translated, "-", "\\-"))
	if err != nil {
		return conditionAnswer{Expression: translated, Error: text(err)}
	}
	answer := conditionAnswer{Expression: translated}
	parameters := map[string]any{}
	for _, name := range expression.Vars() {
		if slices.Contains(answer.Names, name) {
			continue
		}
		if !slices.Contains(r.Names, name) {
			answer.Error = "no such dependency: " + name
			return answer
		}
		answer.Names = append(answer.Names, name)
		parameters[name] = slices.Contains(r.Present, name)
	}
	value, err := expression.Evaluate(parameters)
	answer.Error, answer.Holds = text(err), value == true
	return answer
}
