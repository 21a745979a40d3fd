// Package check is what the programs of this folder share.
package check

import (
	"errors"
	"fmt"
	"os"
	"reflect"
)

var passed, failed int

// Run does one check; whatever becomes of it, the next one follows.
func Run(name string, body func() error) {
	if err := body(); err != nil {
		failed++
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	passed++
}

// Done prints the counts and ends the program.
func Done() {
	fmt.Printf("%d passed, %d failed, 0 skipped\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

// Equal is an error that names both values unless they are deeply equal.
func Equal(got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("got %#v, not %#v", got, want)
}

// All is the first of the errors.
func All(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrNone is for what should have failed.
var ErrNone = errors.New("no error")
