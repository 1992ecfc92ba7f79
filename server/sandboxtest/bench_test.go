package sandboxtest_test

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// BenchmarkStart starts sandboxes. All of them end, untimed, when it does.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		sandboxtest.Start(b)
	}
}
