package main

import (
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj/argo-events/pkg/apis/events/v1alpha1"
)

// event is one event as a test writes it. Data travels as base64; null is an event without data, "" one with none.
type event struct {
	ID              string  `json:"id"`
	Source          string  `json:"source"`
	Type            string  `json:"type"`
	Subject         string  `json:"subject"`
	Time            string  `json:"time"`
	DataContentType string  `json:"datacontenttype"`
	Data            *[]byte `json:"data"`
}

// argo is the event as Sensors see it once it has been read from the bus.
func (e event) argo() *v1alpha1.Event {
	converted := &v1alpha1.Event{Context: &v1alpha1.EventContext{
		ID:              e.ID,
		Source:          e.Source,
		SpecVersion:     "1.0",
		Type:            e.Type,
		Subject:         e.Subject,
		DataContentType: e.DataContentType,
		Time:            metav1.Time{Time: e.time()},
	}}
	if e.Data != nil {
		converted.Data = *e.Data
	}
	return converted
}

// cloud is the event as it comes from the bus: what transforms are given.
func (e event) cloud() *cloudevents.Event {
	made := cloudevents.NewEvent()
	made.SetID(e.ID)
	made.SetSource(e.Source)
	made.SetType(e.Type)
	made.SetSubject(e.Subject)
	made.SetDataContentType(e.DataContentType)
	if e.Time != "" {
		made.SetTime(e.time())
	}
	if e.Data != nil {
		made.DataEncoded = *e.Data
	}
	return &made
}

// time is the zero time where the event has none. It panics, which is an answer, on a text that is no time.
func (e event) time() time.Time {
	if e.Time == "" {
		return time.Time{}
	}
	parsed, err := time.Parse(time.RFC3339Nano, e.Time)
	if err != nil {
		panic(err)
	}
	return parsed.UTC()
}

func argoEvents(events map[string]event) map[string]*v1alpha1.Event {
	converted := make(map[string]*v1alpha1.Event, len(events))
	for name, each := range events {
		converted[name] = each.argo()
	}
	return converted
}
