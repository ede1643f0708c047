// Command upstream answers with what Argo Events itself does: it calls the functions of its Sensors.
//
// One JSON request a line in, one JSON answer a line out; see request for what can be asked, README.md for how.
package main

import (
	"encoding/json"
	"strings"

	"github.com/argoproj/argo-events/pkg/apis/events/v1alpha1"
	sensorcontroller "github.com/argoproj/argo-events/pkg/reconciler/sensor"
	"github.com/argoproj/argo-events/pkg/sensors/dependencies"
	"github.com/argoproj/argo-events/pkg/sensors/triggers"
)

type request struct {
	// Ask is filter, transform, apply, payload, template, object, condition or validate.
	Ask        string                      `json:"ask"`
	Dependency *v1alpha1.EventDependency   `json:"dependency"`
	Event      event                       `json:"event"`
	Events     map[string]event            `json:"events"`
	Parameters []v1alpha1.TriggerParameter `json:"parameters"`
	Document   []byte                      `json:"document"`
	Trigger    *v1alpha1.Trigger           `json:"trigger"`
	Sensor     json.RawMessage             `json:"sensor"`
	// Names of the dependencies, of those that have come, and the condition over them.
	Names     []string `json:"names"`
	Present   []string `json:"present"`
	Condition string   `json:"condition"`
}

type answer struct {
	// Error is what upstream would log; empty where nothing failed.
	Error  string `json:"error,omitempty"`
	Passed bool   `json:"passed,omitempty"`
	// Data is a document, in base64; null is none at all.
	Data []byte `json:"data,omitempty"`
}

func main() {
	serve(ask)
}

func ask(r request) any {
	switch r.Ask {
	case "filter":
		dependency := asWritten(r.Dependency)
		passed, err := dependencies.Filter(r.Event.argo(), dependency.Filters, dependency.FiltersLogicalOperator)
		return answer{Passed: passed, Error: text(err)}
	case "transform":
		transformed, err := dependencies.ApplyTransform(r.Event.cloud(), r.Dependency.Transform)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Data: transformed.Data()}
	case "apply":
		applied, err := triggers.ApplyParams(r.Document, r.Parameters, argoEvents(r.Events))
		return answer{Data: applied, Error: text(err)}
	case "payload":
		payload, err := triggers.ConstructPayload(argoEvents(r.Events), r.Parameters)
		return answer{Data: payload, Error: text(err)}
	case "template":
		if err := triggers.ApplyTemplateParameters(argoEvents(r.Events), r.Trigger); err != nil {
			return answer{Error: err.Error()}
		}
		template, err := json.Marshal(r.Trigger.Template)
		return answer{Data: template, Error: text(err)}
	case "object":
		object, err := created(r)
		return answer{Data: object, Error: text(err)}
	case "condition":
		return holds(r)
	case "validate":
		return answer{Error: text(validate(r.Sensor))}
	}
	panic("cannot be asked: " + r.Ask)
}

// validate is what the controller says of a Sensor on a JetStream bus, once it has written the object itself: empty
// members are gone then.
func validate(raw []byte) error {
	var given, sensor v1alpha1.Sensor
	if err := json.Unmarshal(raw, &given); err != nil {
		return err
	}
	written, err := json.Marshal(given)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(written, &sensor); err != nil {
		return err
	}
	bus := &v1alpha1.EventBus{Spec: v1alpha1.EventBusSpec{JetStream: &v1alpha1.JetStreamBus{Version: "x"}}}
	return sensorcontroller.ValidateSensor(&sensor, bus)
}

// asWritten is a dependency as the Sensor's pod is given it: without empty lists.
func asWritten(given *v1alpha1.EventDependency) (written v1alpha1.EventDependency) {
	raw, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(raw, &written)
	}
	if err != nil {
		panic(err)
	}
	return written
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return strings.ToValidUTF8(err.Error(), "?")
}
