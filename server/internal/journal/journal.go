// Package journal records the last requests to a server in memory, with their responses and the reasons
// for these. It masks secrets.
package journal

import (
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Entry is a request and its response.
type Entry struct {
	ID              int64             // the number of the request, from 1
	Time            time.Time         // when the request was received
	Duration        time.Duration     // the time until the response was written
	RequestID       string            // the X-Request-Id of the response
	Method          string            // of the request
	Path            string            // the path with the query
	Page            bool              // whether the path contains a secret token; then there are no bodies
	Account         string            // the ID of the account that the credentials belong to, "" for none
	RequestHeaders  map[string]string // the values of each header, joined with a comma
	RequestBody     string            // the first 4096 bytes that the server read
	Status          int               // of the response; 0 if the connection was closed without a response
	ResponseHeaders map[string]string // the values of each header, joined with a comma
	ResponseBody    string            // the first 4096 bytes
	Reason          Reason
}

// Reason is the reason for a response.
type Reason struct {
	Text    string // one or more sentences
	In      string // the rejected part of the request, such as "body" or "query limit"
	Keyword string // the schema keyword or the check that failed
	Pointer string // the JSON Pointer to the rejected value in the body
	Code    string // the error code of the response
	Fault   string // the ID of the fault that acted on the request
}

// Settings configure a Journal. All fields are required.
type Settings struct {
	// Size is the number of requests that the Journal keeps.
	Size int
	// Now returns the current time.
	Now func() time.Time
	// Skip reports whether the Journal does not record requests to a path.
	Skip func(path string) bool
	// Secrets are the names of the headers and the query parameters whose values are masked, in the
	// canonical form of headers.
	Secrets []string
	// Redact shortens the secret tokens in a path or in another text. A path that it changes is the path of a
	// page.
	Redact func(text string) string
	// Explain sets the Account and the Reason of an entry. err is the error that the response was created
	// from, nil if the handler wrote the response.
	Explain func(ec echo.Context, entry *Entry, err error)
}

// Journal is a record of the last requests. It is safe for concurrent use.
type Journal struct {
	settings Settings
	lock     sync.Mutex
	lastID   int64
	entries  []Entry // a ring: the index of an entry is its ID modulo the size
}

// New returns an empty Journal.
func New(settings Settings) *Journal {
	return &Journal{settings: settings, entries: make([]Entry, settings.Size)}
}

// List returns up to limit entries, newest first. If before is not 0, it returns only entries that are
// older than the entry with that ID.
func (j *Journal) List(limit int, before int64) []Entry {
	j.lock.Lock()
	defer j.lock.Unlock()
	size, id := int64(len(j.entries)), j.lastID
	if before > 0 {
		id = min(id, before-1)
	}
	var list []Entry
	for ; id > max(0, j.lastID-size) && len(list) < limit; id-- {
		if entry := j.entries[id%size]; entry.ID == id { // Clear has not removed it
			list = append(list, entry)
		}
	}
	return list
}

// Clear removes all entries. Their IDs are not used again.
func (j *Journal) Clear() {
	j.lock.Lock()
	defer j.lock.Unlock()
	clear(j.entries)
}

func (j *Journal) add(entry Entry) {
	j.lock.Lock()
	defer j.lock.Unlock()
	j.lastID++
	entry.ID = j.lastID
	j.entries[entry.ID%int64(len(j.entries))] = entry
}
