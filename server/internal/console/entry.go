package console

import "time"

// Entry is one request and its response on the journal page.
type Entry struct {
	ID         int64
	Time       time.Time
	DurationMs float64
	// Account is the id of the authenticated account. It is empty if there is none.
	Account   string
	RequestID string

	// Method and Path are empty if the request is not valid HTTP.
	Method, Path   string
	RequestHeaders map[string]string
	RequestBody    string

	// Status is 0 if the connection was closed without a response.
	Status          int
	ResponseHeaders map[string]string
	ResponseBody    string

	Reason Reason
}

// Reason says why a request got its response. Only Text is always set.
type Reason struct {
	Text    string
	In      string // the part of the request that failed the check, such as body
	Keyword string // the schema keyword that failed
	Pointer string // the JSON pointer of the invalid value
	Code    string // the error code in the response
	Fault   string // the id of the fault that caused the response
}

// journalView is the content of the journal page.
type journalView struct {
	Entries []Entry
	Older   int64 // the value of before for the next page, or 0 if this is the last one
	Later   bool  // there are newer entries than these
}
