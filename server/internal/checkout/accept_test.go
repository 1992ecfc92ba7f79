package checkout

import "testing"

func TestPrefersJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"*/*", false},
		{html, false},
		{"text/html", false},
		{"application/json", true},
		{"APPLICATION/JSON; charset=utf-8", true},
		{"application/*", true},
		{"text/*", false},
		{"image/png", false},
		{"application/problem+json", false},
		{"application/json, */*", true},
		{"application/json, text/plain, */*", true},
		{"application/json, text/html", false},
		{"text/html, application/json", false},
		{"text/*, application/json", true},
		{"application/*, text/html", false},
		{"text/html;q=0.9, application/json", true},
		{"text/html, application/json;q=0.9", false},
		{"text/html; q=0.9 , application/json ; q=0.8", false},
		{"application/json;q=0.5, */*;q=0.8", false},
		{"text/html;q=0, */*", true},
		{"application/json;q=0", false},
		{"application/json;q=0, */*;q=0", false},
		{"application/json;q=0, application/*", false},
		{"application/json;q=0.001", true},
		{"application/json;q=2", false},
		{"application/json;q=-1", false},
		{"application/json;q=x", false},
		{"application/json;q=NaN", false},
		{";;, /, application/json", true},
		{",", false},
	} {
		if got := prefersJSON([]string{test.accept}); got != test.want {
			t.Errorf("prefersJSON(%q) = %v, want %v", test.accept, got, test.want)
		}
	}
	if !prefersJSON([]string{"text/html;q=0.1", "application/json"}) {
		t.Error("the second of two Accept headers is not looked at")
	}
	if prefersJSON(nil) {
		t.Error("a request without Accept gets JSON")
	}
}
