package main

import (
	"context"
	"encoding/json"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/argoproj/argo-events/pkg/apis/events/v1alpha1"
	"github.com/argoproj/argo-events/pkg/sensors/triggers"
	standardk8s "github.com/argoproj/argo-events/pkg/sensors/triggers/standard-k8s"
)

// created is the object that a k8s trigger asks the API server to create, after all of its parameters.
func created(r request) ([]byte, error) {
	var sensor v1alpha1.Sensor
	if err := json.Unmarshal(r.Sensor, &sensor); err != nil {
		return nil, err
	}
	events := argoEvents(r.Events)
	if err := triggers.ApplyTemplateParameters(events, r.Trigger); err != nil {
		return nil, err
	}
	var object []byte
	cluster := fake.NewSimpleDynamicClient(runtime.NewScheme())
	cluster.PrependReactor("create", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		asked := action.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		written, err := asked.MarshalJSON()
		object = written
		return true, asked, err
	})
	ctx := context.Background()
	trigger := standardk8s.NewStandardK8sTrigger(nil, cluster, &sensor, r.Trigger, zap.NewNop().Sugar())
	fetched, err := trigger.FetchResource(ctx)
	if err != nil {
		return nil, err
	}
	fetched, err = trigger.ApplyResourceParameters(events, fetched)
	if err != nil {
		return nil, err
	}
	_, err = trigger.Execute(ctx, events, fetched)
	return object, err
}

// sensorOf is a Sensor that has nothing but its dependencies.
func sensorOf(names []string) *v1alpha1.Sensor {
	sensor := &v1alpha1.Sensor{ObjectMeta: metav1.ObjectMeta{Name: "sensor", Namespace: "ci"}}
	for _, name := range names {
		sensor.Spec.Dependencies = append(sensor.Spec.Dependencies, v1alpha1.EventDependency{Name: name})
	}
	return sensor
}
