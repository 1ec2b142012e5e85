// Kubernetes-check reads manifests from standard input as strictly as the API
// server does on create, and runs the server's own defaults and validation on
// them. It needs no cluster. It is a module of its own, so that otfusion does
// not depend on Kubernetes.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
)

func main() {
	if err := check(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes-check:", err)
		os.Exit(1)
	}
}

// check accepts one or more documents.
func check(r io.Reader) error {
	documents := yaml.NewYAMLReader(bufio.NewReader(r))
	for n := 0; ; n++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := accept(text); err != nil {
			return fmt.Errorf("document %d: %w", n+1, err)
		}
	}
}

// accept does what the server does before it stores a new object: an unknown
// or repeated field is an error, defaults are filled in, all rules are checked.
func accept(text []byte) error {
	strict := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	object, kind, err := strict.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		return err
	}
	strategy, err := strategyOf(object)
	if err != nil {
		return err
	}
	meta, err := apimeta.Accessor(object)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(meta)
	ctx := request.WithNamespace(request.NewContext(), metav1.NamespaceDefault)
	if err := rest.BeforeCreate(strategy, ctx, object); err != nil {
		return err
	}
	fmt.Printf("%s: valid\n", kind)
	for _, warning := range strategy.WarningsOnCreate(ctx, object) {
		fmt.Printf("%s: warning: %s\n", kind, warning)
	}
	return nil
}

func strategyOf(object runtime.Object) (rest.RESTCreateStrategy, error) {
	switch object.(type) {
	case *batch.Job:
		return job.Strategy, nil
	case *core.PersistentVolumeClaim:
		return persistentvolumeclaim.Strategy, nil
	}
	return nil, fmt.Errorf("wanted a Job or a PersistentVolumeClaim, found %T", object)
}
