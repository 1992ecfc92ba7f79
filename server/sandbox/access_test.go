package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestControlAccess sends what a page of another site, a proxy or a strange name would lead to the
// control API. Without a token it is refused, with one the token alone decides.
func TestControlAccess(t *testing.T) {
	t.Parallel()
	open, closed := start(t, sandbox.WithOpenControl()), start(t, sandbox.WithControlToken(controlToken))
	_, port, _ := strings.Cut(open.address, ":")
	const here, site, foreigner = "", "page of another site", "came through a proxy"
	const name = "localhost or a loopback address"
	for _, row := range []struct {
		host    string
		headers []string
		refusal string // a part of the sentence; "" for none
	}{
		{open.address, nil, here},
		{"127.0.0.1", nil, here},
		{"127.0.0.1:" + port, nil, here},
		{"127.255.0.9:" + port, nil, here},
		{"localhost", nil, here},
		{"LocalHost:" + port, nil, here},
		{"[::1]", nil, here},
		{"[::1]:" + port, nil, here},
		{"[::ffff:127.0.0.1]:" + port, nil, here},

		{"sandbox.example", nil, name},
		{"sandbox.example:" + port, nil, name},
		{"localhost.example", nil, name},
		{"127.0.0.1.example", nil, name},
		{"127.0.0.1.nip.io:" + port, nil, name},
		{"evil-localhost", nil, name},
		{"0.0.0.0:" + port, nil, name},
		{"10.0.0.1", nil, name},
		{"192.168.0.1:" + port, nil, name},
		{"[::]:" + port, nil, name},
		{"[2001:db8::1]", nil, name},
		{"169.254.169.254", nil, name},

		{open.address, []string{"Forwarded", "for=192.0.2.1"}, foreigner},
		{open.address, []string{"X-Forwarded-For", "192.0.2.1"}, foreigner},
		{open.address, []string{"X-Forwarded-For", "127.0.0.1"}, foreigner},
		{open.address, []string{"X-Forwarded-For", "", "X-Forwarded-For", "192.0.2.1"}, foreigner},
		{open.address, []string{"X-Forwarded-Host", "sandbox.example"}, foreigner},
		{open.address, []string{"X-Real-Ip", "192.0.2.1"}, foreigner},
		{open.address, []string{"x-real-ip", "192.0.2.1"}, foreigner},
		{open.address, []string{"Via", "1.1 proxy"}, foreigner},

		{open.address, []string{"Sec-Fetch-Site", "cross-site"}, site},
		{open.address, []string{"Sec-Fetch-Site", "same-site"}, site},
		{open.address, []string{"Sec-Fetch-Site", "other"}, site},
		{open.address, []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://" + open.address}, site},
		{open.address, []string{"Sec-Fetch-Site", "same-origin"}, here},
		{open.address, []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + open.address}, here},
		{open.address, []string{"Sec-Fetch-Site", "none"}, here},

		{open.address, []string{"Origin", "http://" + open.address}, here},
		{"localhost:" + port, []string{"Origin", "http://localhost:" + port}, here},
		{open.address, []string{"Origin", "http://sandbox.example"}, site},
		{open.address, []string{"Origin", "http://localhost:" + port}, site},
		{open.address, []string{"Origin", "http://127.0.0.1:1"}, site},
		{open.address, []string{"Origin", "null"}, site},
		{open.address, []string{"Origin", "http://["}, site},
	} {
		for _, o := range []operation{{"GET", steering + "/clock"}, {"POST", steering + "/reset"}, {"GET", steering + "/nowhere"}} {
			what := fmt.Sprint(o, row.host, row.headers)
			response, body := asHost(t, open, o, row.host, row.headers)
			if row.refusal != here {
				sentence(t, what, response, body, 403, row.refusal)
			} else if response.StatusCode == 403 {
				t.Errorf("%s: %d %s", what, response.StatusCode, body)
			}
			response, body = asHost(t, closed, o, row.host, append([]string{"Authorization", asControl}, row.headers...))
			if want := map[string]int{"/clock": 200, "/reset": 204, "/nowhere": 404}[strings.TrimPrefix(o.path, steering)]; response.StatusCode != want {
				t.Errorf("%s, with the token: %d %s", what, response.StatusCode, body)
			}
			if response, body = asHost(t, closed, o, row.host, row.headers); response.StatusCode != 401 && o.path != steering+"/nowhere" {
				t.Errorf("%s, without the token: %d %s", what, response.StatusCode, body)
			}
		}
	}
	// What keeps others from the control API does not keep anybody from the API.
	response, body := asHost(t, open, operation{"POST", path}, "sandbox.example", append([]string{"Origin", "http://other.example", "Via", "1.1 proxy"}, active...))
	if response.StatusCode != 400 || !strings.Contains(body, noAmount) {
		t.Errorf("the API by another name: %d %s", response.StatusCode, body)
	}
	if n := len(open.Journal(10, 0)); n != 1 {
		t.Errorf("the journal has %d entries, want the API's alone", n)
	}
}

// asHost sends a request that names a host, and returns its answer and the body.
func asHost(t testing.TB, r *running, o operation, host string, headers []string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), o.method, "http://"+r.address+o.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = append(request.Header[headers[i]], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%v %s: %v", o, host, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response, string(body)
}

func TestControlTokenLength(t *testing.T) {
	t.Parallel()
	store := start(t).store
	for token, want := range map[string]bool{"x": false, controlToken[:15]: false, controlToken: true, strings.Repeat("x", 100): true} {
		_, err := sandbox.New(t.Context(), store, "http://sandbox.example", sandbox.WithControlToken(token))
		if (err == nil) != want {
			t.Errorf("a token of %d characters: %v", len(token), err)
		}
		if err != nil && strings.Contains(err.Error(), token) && len(token) > 1 {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}
