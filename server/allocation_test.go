//go:build !race

package server_test

import (
	"net/http"
	"testing"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// TestAllocations has a budget of allocations for each way through the server, so that a slower one is
// noticed without timing anything. The race detector allocates as well, so it is not run with it.
//
//nolint:paralleltest // others' allocations would be counted
func TestAllocations(t *testing.T) {
	unchecked := newServer(t, server.WithAnswerCheck(contract.AnswersUnchecked)).Handler()
	checked := newServer(t).Handler()
	for _, row := range []struct {
		name, body string
		key        string
		handler    http.Handler
		status     int
		budget     float64
	}{
		{"a purchase", `{"amount":320}`, benchKey, unchecked, http.StatusOK, 19},
		{"its answer checked", `{"amount":320}`, benchKey, checked, http.StatusOK, 19},
		{"members that are not declared", `{"note":"x","amount":320,"list":[1,{"a":"b"},null]}`, benchKey, checked, http.StatusOK, 19},
		{"too large an amount", `{"amount":99999}`, benchKey, checked, http.StatusBadRequest, 17},
		{"no amount", `{}`, benchKey, checked, http.StatusBadRequest, 21},
		{"no JSON", `{"amount":`, benchKey, checked, http.StatusBadRequest, 15},
		{"no credentials", `{"amount":320}`, "", checked, http.StatusUnauthorized, 9},
	} {
		a := newAsker(row.body)
		a.request.Header.Set("consumerKey", row.key)
		if got := testing.AllocsPerRun(200, func() { a.ask(t, row.handler, row.status) }); got > row.budget {
			t.Errorf("%s: %v allocations, more than %v", row.name, got, row.budget)
		} else {
			t.Logf("%s: %v allocations", row.name, got)
		}
	}
}
