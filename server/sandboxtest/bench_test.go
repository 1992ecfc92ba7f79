package sandboxtest_test

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// BenchmarkStart measures Start. The sandboxes stop after the measurement.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		sandboxtest.Start(b)
	}
}
