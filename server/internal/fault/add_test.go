package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
)

func TestAddCompletes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ given, want control.Fault }{
		{control.Fault{Kind: control.FailStatus}, control.Fault{Kind: control.FailStatus, Status: 503}},
		{control.Fault{Kind: control.FailStatus, Status: 400}, control.Fault{Kind: control.FailStatus, Status: 400}},
		{control.Fault{Kind: control.FailStatus, Status: 599, RetryAfter: 86400, DelayMs: 30000, Times: 1, Every: 1}, control.Fault{Kind: control.FailStatus, Status: 599, RetryAfter: 86400, DelayMs: 30000, Times: 1, Every: 1}},
		{control.Fault{Kind: control.FailHTML}, control.Fault{Kind: control.FailHTML, Status: 502}},
		{control.Fault{Kind: control.FailHTML, Status: 504, RetryAfter: 1}, control.Fault{Kind: control.FailHTML, Status: 504, RetryAfter: 1}},
		{control.Fault{Kind: control.FailUnknownCode}, control.Fault{Kind: control.FailUnknownCode, Status: 400, Code: "sandbox_unknown_code"}},
		{control.Fault{Kind: control.FailUnknownCode, Status: 401, Code: "x"}, control.Fault{Kind: control.FailUnknownCode, Status: 401, Code: "x"}},
		{control.Fault{Kind: control.FailDelay, DelayMs: 1}, control.Fault{Kind: control.FailDelay, DelayMs: 1}},
		{control.Fault{Kind: control.FailResetBefore}, control.Fault{Kind: control.FailResetBefore}},
		{control.Fault{Kind: control.FailResetAfter, DelayMs: 5}, control.Fault{Kind: control.FailResetAfter, DelayMs: 5}},
		{control.Fault{Kind: control.FailCutBody, Account: "a"}, control.Fault{Kind: control.FailCutBody, Account: "a"}},
		{control.Fault{Kind: control.FailHTMLAfter}, control.Fault{Kind: control.FailHTMLAfter}},
		{control.Fault{Kind: control.FailHTMLAfter, ID: "77", Matched: 7, Acted: 7}, control.Fault{Kind: control.FailHTMLAfter}}, // they are the sandbox's to say
	} {
		row.want.ID = "1"
		l := newList(t)
		got, err := l.Add(row.given)
		if err != nil || got != row.want || !slices.Equal(l.All(), []control.Fault{row.want}) {
			t.Errorf("%+v: %+v, %v", row.given, got, err)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault control.Fault
		why   string
	}{
		{control.Fault{}, "no kind"},
		{control.Fault{Kind: "nonsense"}, `"nonsense"`},
		{control.Fault{Kind: "STATUS"}, `"STATUS"`},
		{control.Fault{Kind: control.FailStatus, Status: 399}, "status"},
		{control.Fault{Kind: control.FailStatus, Status: 200}, "status"},
		{control.Fault{Kind: control.FailStatus, Status: 600}, "status"},
		{control.Fault{Kind: control.FailStatus, Status: -1}, "status"},
		{control.Fault{Kind: control.FailStatus, RetryAfter: -1}, "retry_after"},
		{control.Fault{Kind: control.FailStatus, RetryAfter: 86401}, "retry_after"},
		{control.Fault{Kind: control.FailStatus, DelayMs: -1}, "delay_ms"},
		{control.Fault{Kind: control.FailDelay, DelayMs: -1}, "delay_ms"},
		{control.Fault{Kind: control.FailDelay, DelayMs: 30001}, "delay_ms"},
		{control.Fault{Kind: control.FailDelay}, "needs delay_ms"},
		{control.Fault{Kind: control.FailStatus, Times: -1}, "times"},
		{control.Fault{Kind: control.FailStatus, Every: -1}, "every"},
		{control.Fault{Kind: control.FailUnknownCode, Code: strings.Repeat("x", 101)}, "code"},
		{control.Fault{Kind: control.FailUnknownCode, RetryAfter: 1}, "has no retry_after"},
		{control.Fault{Kind: control.FailStatus, Code: "x"}, "has no code"},
		{control.Fault{Kind: control.FailHTML, Code: "x"}, "has no code"},
		{control.Fault{Kind: control.FailDelay, DelayMs: 1, Status: 503}, "has no status"},
		{control.Fault{Kind: control.FailDelay, DelayMs: 1, RetryAfter: 1}, "has no retry_after"},
		{control.Fault{Kind: control.FailResetBefore, Status: 503}, "has no status"},
		{control.Fault{Kind: control.FailResetAfter, Status: 503}, "has no status"},
		{control.Fault{Kind: control.FailResetAfter, RetryAfter: 1}, "has no retry_after"},
		{control.Fault{Kind: control.FailCutBody, Status: 503}, "has no status"},
		{control.Fault{Kind: control.FailHTMLAfter, Status: 503}, "has no status"},
		{control.Fault{Kind: control.FailHTMLAfter, Code: "x"}, "has no code"},
	} {
		l := newList(t)
		_, err := l.Add(row.fault)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, row.why) || !strings.HasSuffix(invalid.Error(), ".") {
			t.Errorf("%+v: %v, want %s", row.fault, err, row.why)
		}
		if len(l.All()) != 0 {
			t.Errorf("%+v was added", row.fault)
		}
	}
}

func TestAddRefusesTooMany(t *testing.T) {
	t.Parallel()
	l := newList(t)
	var err error
	for range maxFaults {
		_, err = l.Add(control.Fault{Kind: control.FailStatus, Times: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	var invalid *InvalidError
	if _, err := l.Add(control.Fault{Kind: control.FailStatus}); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "too many") {
		t.Error(err)
	}
	l.Remove("1")
	if added, err := l.Add(control.Fault{Kind: control.FailStatus}); err != nil || added.ID != "1001" {
		t.Errorf("%+v, %v", added, err)
	}
}

// TestEachKind knows what every kind of the document has, and says in words what it does.
func TestEachKind(t *testing.T) {
	t.Parallel()
	document, err := api.LoadSandbox()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, value := range document.Components.Schemas["FaultKind"].Value.Enum {
		kind := control.FaultKind(value.(string))
		if _, ok := fields[kind]; !ok {
			t.Errorf("the kind %s is not known", kind)
		}
		text := describe(control.Fault{ID: "7", Kind: kind, Status: 418, DelayMs: 99, Code: "a_code"})
		if !strings.HasPrefix(text, "The fault 7 acted on it: it waited for 99 ms, and ") || !strings.HasSuffix(text, ".") || said[text] {
			t.Errorf("%s: %s", kind, text)
		}
		said[text] = true
	}
	if len(said) != len(fields) {
		t.Errorf("%d kinds in the document, %d here", len(said), len(fields))
	}
}
