package client_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// TestSuccessMustBeTheDocumentedOne has what a 200 may not be. Each leaves the outcome unknown, as
// the order has probably been taken, and each order reaches the server once.
func TestSuccessMustBeTheDocumentedOne(t *testing.T) {
	t.Parallel()
	const link = `{"url":"https://billing.example.com/checkout/1"}`
	for name, tc := range map[string]struct {
		status            int
		contentType, body string
		contains          string
	}{
		"HTML of a proxy":          {200, "text/html", "<html>Welcome</html>", "is not application/json"},
		"JSON called HTML":         {200, "text/html", link, "is not application/json"},
		"JSON called nothing":      {200, "", link, "is not application/json"},
		"JSON called like JSON":    {200, "application/json-seq", link, "is not application/json"},
		"HTML called JSON":         {200, "application/json", "<html>", "is not one JSON value"},
		"empty":                    {200, "application/json", "", "is not one JSON value"},
		"cut JSON":                 {200, "application/json", link[:20], "is not one JSON value"},
		"trailing garbage":         {200, "application/json", link + "x", "is not one JSON value"},
		"two values":               {200, "application/json", link + link, "is not one JSON value"},
		"invalid UTF-8":            {200, "application/json", "{\"url\":\"\xff\"}", "is not one JSON value"},
		"byte-order mark":          {200, "application/json", "\ufeff" + link, "is not one JSON value"},
		"array":                    {200, "application/json", "[" + link + "]", "is not a JSON object"},
		"string":                   {200, "application/json", `"https://x.example"`, "is not a JSON object"},
		"null":                     {200, "application/json", "null", "is not a JSON object"},
		"no url":                   {200, "application/json", "{}", `no member "url"`},
		"url by another case":      {200, "application/json", `{"URL":"https://x.example"}`, `no member "url"`},
		"null url":                 {200, "application/json", `{"url":null}`, `"url" is not of the type string`},
		"number for a url":         {200, "application/json", `{"url":5}`, `"url" is not of the type string`},
		"object for a url":         {200, "application/json", `{"url":{}}`, `"url" is not of the type string`},
		"empty url":                {200, "application/json", `{"url":""}`, `"url" is empty`},
		"url emptied by case":      {200, "application/json", `{"url":"https://x.example","URL":""}`, `differs from "url" by case`},
		"url emptied by repeating": {200, "application/json", `{"url":"https://x.example","url":""}`, `"url" is empty`},
		"too large":                {200, "application/json", link + strings.Repeat(" ", client.MaxBody), "larger than 1 MiB"},
		"other success":            {201, "application/json", link, "the document does not contain this success"},
		"accepted":                 {202, "application/json", link, "the document does not contain this success"},
		"no content":               {204, "", "", "the document does not contain this success"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{tc.contentType}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			err := buy(t, newClient(t, v.URL))
			e := wantError(t, err, tc.status, true)
			if !strings.Contains(err.Error(), tc.contains) {
				t.Errorf("error %q: want one that contains %q", err, tc.contains)
			}
			if e.Code != "" || e.Message != "" {
				t.Errorf("code %q, message %q of a success", e.Code, e.Message)
			}
			wantRequests(t, v, 1)
		})
	}
}

func TestResponseIsLimitedToOneMiB(t *testing.T) {
	t.Parallel()
	if client.MaxBody != 1<<20 {
		t.Errorf("%d bytes", client.MaxBody)
	}
}

func TestSuccessMayBe(t *testing.T) {
	t.Parallel()
	const link = `{"url":"https://x.example"}`
	for name, tc := range map[string]struct{ contentType, body string }{
		"plain":             {"application/json", link},
		"parameter":         {"application/json; charset=utf-8", link},
		"broken parameter":  {"application/json; charset", link},
		"case":              {"Application/JSON", link},
		"space around":      {"application/json", "\r\n " + link + "\t\n"},
		"unknown members":   {"application/json", `{"id":5,"url":"https://x.example","more":{"url":""}}`},
		"as large as it is": {"application/json", link + strings.Repeat(" ", client.MaxBody-len(link))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := responding(t, http.StatusOK, tc.contentType, tc.body)
			payment, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
			if err != nil || payment.URL != "https://x.example" {
				t.Errorf("payment %v, error %v", payment, err)
			}
		})
	}
}

func TestSuccessMayBeCompressed(t *testing.T) {
	t.Parallel()
	for body, ok := range map[string]bool{
		`{"url":"https://x.example"}`:                              true,
		`{"url":"https://x.example"}` + strings.Repeat(" ", 2<<20): false, // Few KB on the wire.
	} {
		v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, body)
			_ = z.Close()
		})
		err := buy(t, newClient(t, v.URL))
		if ok && err != nil {
			t.Error(err)
		}
		if !ok {
			e := wantError(t, err, http.StatusOK, true)
			if len(e.Body) > 4<<10 || !strings.Contains(err.Error(), "larger than 1 MiB") {
				t.Errorf("%d bytes kept of %v", len(e.Body), err)
			}
		}
	}
}

// TestFailuresThatAreNotJSON has what stands between a client and a server.
func TestFailuresThatAreNotJSON(t *testing.T) {
	t.Parallel()
	for status, unknown := range map[int]bool{
		300: false, 304: false, 400: false, 401: false, 403: false, 404: false, 408: false, 413: false, 429: false,
		500: true, 502: true, 503: true, 504: true, 520: true,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			v := responding(t, status, "text/html", "<html><h1>"+http.StatusText(status)+"</h1></html>")
			e := wantError(t, buy(t, newClient(t, v.URL)), status, unknown)
			if e.Code != "" || e.Message != "" {
				t.Errorf("code %q, message %q of HTML", e.Code, e.Message)
			}
			wantRequests(t, v, 1)
		})
	}
}

// TestOtherOperations checks responses that a document could promise and that this operation has
// not, through the one method that there is.
func TestOtherOperations(t *testing.T) {
	t.Parallel()
	method, path := client.Documented().Method, client.Documented().Path
	member := func(kind string, required bool) []client.Success {
		return []client.Success{{Method: method, Path: path, Status: 200, Members: []client.Member{{Name: "m", Kind: kind, Required: required}}}}
	}
	at := func(path string, status int) client.Success {
		return client.Success{Method: method, Path: path, Status: status}
	}
	const withID = "/billing/{id}"
	for name, tc := range map[string]struct {
		successes []client.Success
		body      string
		ok        bool
	}{
		"integer":                       {member("integer", true), `{"m":-5}`, true},
		"fraction for an integer":       {member("integer", true), `{"m":5.0}`, false},
		"exponent for an integer":       {member("integer", true), `{"m":5e1}`, false},
		"integer past 64 bits":          {member("integer", true), `{"m":9223372036854775808}`, false},
		"string for an integer":         {member("integer", true), `{"m":"5"}`, false},
		"number":                        {member("number", true), `{"m":5.5e1}`, true},
		"number past a float":           {member("number", true), `{"m":1e400}`, false},
		"string for a number":           {member("number", true), `{"m":"5"}`, false},
		"true":                          {member("boolean", true), `{"m":true}`, true},
		"false":                         {member("boolean", true), `{"m":false}`, true},
		"null for a boolean":            {member("boolean", true), `{"m":null}`, false},
		"object":                        {member("object", true), `{"m":{}}`, true},
		"array for an object":           {member("object", true), `{"m":[]}`, false},
		"array":                         {member("array", true), `{"m":[1]}`, true},
		"object for an array":           {member("array", true), `{"m":{}}`, false},
		"string":                        {member("string", true), `{"m":""}`, true},
		"boolean for a string":          {member("string", true), `{"m":true}`, false},
		"one of two types":              {member("string,null", true), `{"m":null}`, true},
		"other of two types":            {member("string,null", true), `{"m":"x"}`, true},
		"none of two types":             {member("string,null", true), `{"m":5}`, false},
		"any type":                      {member("", true), `{"m":null}`, true},
		"any type, but missing":         {member("", true), `{}`, false},
		"a type unheard of":             {member("date", true), `{"m":"x"}`, false},
		"optional and missing":          {member("string", false), `{}`, true},
		"optional and wrong":            {member("string", false), `{"m":5}`, false},
		"optional and null":             {member("string", false), `{"m":null}`, false},
		"optional, another case":        {member("string", false), `{"M":"x"}`, false},
		"no members, an array":          {[]client.Success{at(path, 200)}, `[1]`, true},
		"no members, no JSON":           {[]client.Success{at(path, 200)}, `[1`, false},
		"not described, JSON":           {nil, `[1]`, true},
		"not described, no JSON":        {nil, `[1`, false},
		"another method":                {[]client.Success{{Method: "GET", Path: path, Status: 201}}, `[1]`, true},
		"another path":                  {[]client.Success{at("/billing/buy", 201)}, `[1]`, true},
		"a longer path":                 {[]client.Success{at(path+"/more", 201)}, `[1]`, true},
		"a parameter":                   {[]client.Success{at(withID, 200)}, `[1]`, true},
		"a parameter, another status":   {[]client.Success{at(withID, 201)}, `[1]`, false},
		"plain path before a parameter": {[]client.Success{at(path, 200), at(withID, 201)}, `[1]`, true},
		"parameter before a plain path": {[]client.Success{at(withID, 201), at(path, 200)}, `[1]`, true},
		"two successes":                 {[]client.Success{at(path, 201), at(path, 200)}, `[1]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_ = http.NewResponseController(w).Flush() // No Content-Length, then.
				_, _ = io.WriteString(w, tc.body)
			})
			c := newClient(t, v.URL, client.WithSuccesses(tc.successes...))
			resp, err := c.Raw().BuyEmailValidatorCredits(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320})
			if !tc.ok {
				wantError(t, err, http.StatusOK, true)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != tc.body || resp.ContentLength != int64(len(body)) {
				t.Errorf("body %q of length %d, error %v: want %q", body, resp.ContentLength, err, tc.body)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The response of an operation without documented JSON may contain anything, or nothing.
func TestSuccessOfNoPromise(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status            int
		contentType, body string
	}{
		"text":                {200, "text/plain", "done"},
		"nothing":             {204, "", ""},
		"nothing called JSON": {204, "application/json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := responding(t, tc.status, tc.contentType, tc.body)
			c := newClient(t, v.URL, client.WithSuccesses())
			resp, err := c.Raw().BuyEmailValidatorCredits(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320})
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Header.Get("Content-Type"); got != tc.contentType {
				t.Errorf("media type %q: want %q", got, tc.contentType)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAcceptFollowsTheDocument: an operation whose success is not JSON alone accepts anything.
func TestAcceptFollowsTheDocument(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept"); (got == "application/json") == other {
				t.Errorf("Accept %q", got)
			}
			sell(w)
		})
		promised := client.Documented()
		promised.Any = other
		if err := buy(t, newClient(t, v.URL, client.WithSuccesses(promised))); err != nil {
			t.Error(err)
		}
	}
}
