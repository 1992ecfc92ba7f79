package client

import (
	"encoding/json"
	"maps"
	"testing"
)

// FuzzMembers holds members against encoding/json, for every text that is a JSON object.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"url":"https://x.example"}`, "\t{\"a\" : 1 ,\r\n \"b\":[1,{\"c\":\"]}\"}], \"c\": {}}\n", `{"a":"\"}","\u0061b":-1.5e3,"":null}`,
		`{"a":"\\","b":"\\\""}`, `{"a":[],"b":[[]],"c":{"d":{"e":[{}]}},"f":true}`, `{"ä":"ö"}`, `{"a":1,"a":2}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want map[string]json.RawMessage
		if !wellFormed(text) || json.Unmarshal(text, &want) != nil || want == nil {
			return
		}
		got := map[string]json.RawMessage{}
		for name, value := range members(text) {
			got[name] = json.RawMessage(value)
		}
		if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		for range members(text) { // It can be stopped.
			break
		}
	})
}
