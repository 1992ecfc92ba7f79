package reference

import (
	"strings"
	"testing"
)

func TestTheJSONIsTheYAML(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ yaml, json string }{
		"texts":       {`x: ["a\"b", 'ü', yes, <b>&, "\u2028", '']`, `["a\"b","ü","yes","<b>&","` + "\u2028" + `",""]`},
		"numbers":     {`x: [1, -0, 1.50, 1e3, 0x1F, 0o17, 1_000, +5, 0xFFFFFFFFFFFFFFFF]`, `[1,-0,1.50,1e3,31,15,1000,5,18446744073709551615]`},
		"digits":      {`x: 123456789012345678901234567890`, `123456789012345678901234567890`},
		"fractions":   {`x: [.5, 5.]`, `[0.5,5]`},
		"others":      {`x: [true, False, ~, null, ""]`, `[true,false,null,null,""]`},
		"times":       {`x: [2026-11-01, 2026-11-01T12:00:00Z]`, `["2026-11-01","2026-11-01T12:00:00Z"]`},
		"names":       {`x: {200: a, true: b, 'c': d}`, `{"200":"a","true":"b","c":"d"}`},
		"nothing":     {"x:", `null`},
		"aliases":     {"a: &a {p: 1}\nx: [*a, *a]", `[{"p":1},{"p":1}]`},
		"merging":     {"a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2, <<: *a}\nx: {<<: [*a, *b], p: 0}", `{"p":0,"q":1,"r":2}`},
		"not merging": {`x: {"<<": 1}`, `{"<<":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := handler(t, minimal+"servers: [{url: /v2}]\n"+test.yaml+"\n")
			_, body := ask(t, h, "GET", "/openapi.json", nil)
			_, value, _ := strings.Cut(body, "\n  \"x\": ")
			var compact strings.Builder
			for _, line := range strings.Split(strings.TrimSuffix(value, "\n}\n"), "\n") {
				compact.WriteString(strings.Replace(strings.TrimLeft(line, " "), "\": ", "\":", 1))
			}
			if got := compact.String(); got != test.json {
				t.Errorf("%s is served as %s, want %s", test.yaml, got, test.json)
			}
		})
	}
}

// utf16le returns a text in ASCII as UTF-16, which YAML may be written in.
func utf16le(text string) string {
	encoded := "\xff\xfe"
	for _, r := range text {
		encoded += string(r) + "\x00"
	}
	return encoded
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := '1'; i <= '9'; i++ {
		bomb += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+string(i-1)+", ", 10) + "]\n"
	}
	const servers = "servers: [{url: /v2}]\n"
	const public = "http://127.0.0.1:8080"
	for name, test := range map[string]struct{ document, public, why string }{
		"no YAML":                       {"openapi: [", public, "read the document"},
		"nothing":                       {"", public, "read the document"},
		"two documents":                 {minimal + servers + "---\n" + minimal, public, "read the document"},
		"a list":                        {"- a\n", public, "not an object"},
		"a text":                        {"a\n", public, "not an object"},
		"no servers":                    {minimal, public, "no list of servers"},
		"an empty list of servers":      {minimal + "servers: []\n", public, "no list of servers"},
		"servers that are no list":      {minimal + "servers: {url: /}\n", public, "no list of servers"},
		"servers written elsewhere":     {"x: &s [{url: /}]\nservers: *s\n" + minimal, public, "no list of servers"},
		"servers that are used twice":   {"servers: &s\n- url: /\nx: *s\n" + minimal, public, "alias of the servers"},
		"servers in a form of its own":  {minimal + "? servers\n: - url: /v2\n", public, "not written as a plain list"},
		"a comment after the dash":      {minimal + "servers:\n- # ours\n  url: /v2\n", public, "not written as a plain list"},
		"a line that is only a comment": {minimal + "servers:\n-\n#\n  url: /v2\n", public, "not written as a plain list"},
		"UTF-16":                        {utf16le("a: 1\nservers: [{url: /v2}]\n"), public, "not in UTF-8"},
		"a server without URL":          {minimal + "servers: [{}]\n", public, "first server"},
		"a server that is no object":    {minimal + "servers: [/v2]\n", public, "first server"},
		"a URL that is none":            {minimal + "servers: [{url: 'http://a b/'}]\n", public, "first server"},
		"a URL with no path":            {minimal + "servers: [{url: 'mailto:a'}]\n", public, "no path"},
		"a name twice":                  {minimal + servers + "x: {a: 1, a: 2}\n", public, "duplicate"},
		"a name that is a list":         {minimal + servers + "? [a]\n: b\n", public, "not a scalar"},
		"infinity":                      {minimal + servers + "x: .inf\n", public, "JSON has no value for .inf"},
		"no number":                     {minimal + servers + "x: .nan\n", public, "JSON has no value for .nan"},
		"an alias within itself":        {minimal + servers + "x: &x [*x]\n", public, "holds itself"},
		"aliases without end":           {minimal + servers + bomb, public, "too large"},
		"a merge within itself":         {minimal + servers + "x: &x {<<: *x}\n", public, "holds itself"},
		"a merge of a text":             {minimal + servers + "x: {<<: a}\n", public, "not an object"},
		"no public URL":                 {minimal + servers, "", "public URL"},
		"a public URL without host":     {minimal + servers, "http://", "public URL"},
		"a public URL with a port":      {minimal + servers, "127.0.0.1:8080", "public URL"},
		"a public URL of another kind":  {minimal + servers, "ftp://example.com", "public URL"},
		"a public URL with a user":      {minimal + servers, "http://me:secret@example.com", "public URL"},
		"a public URL with a query":     {minimal + servers, "http://example.com?a", "public URL"},
		"a public URL with half one":    {minimal + servers, "http://example.com?", "public URL"},
		"a public URL with a fragment":  {minimal + servers, "http://example.com#a", "public URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New([]byte(test.document), test.public)
			if err == nil || !strings.HasPrefix(err.Error(), "reference: ") || !strings.Contains(err.Error(), test.why) {
				t.Errorf("New: %v, want an error with %q", err, test.why)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("New tells a secret: %v", err)
			}
		})
	}
}
