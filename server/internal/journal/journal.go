// Package journal keeps the last requests that a sandbox got: what came, what was answered, and why.
package journal

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
)

// Journal is the last requests, in memory. It is safe for concurrent use.
type Journal struct {
	settings Settings
	lock     sync.Mutex
	last     int64                  // the id of the newest entry
	entries  []control.JournalEntry // a ring: an entry is at its id modulo the size
}

// Settings are what a Journal needs to know. All of them are needed.
type Settings struct {
	// Size is how many requests are kept.
	Size int
	// Now tells the time.
	Now func() time.Time
	// Secrets are the names of the headers, and of the query's parameters, whose values are masked, in
	// the canonical form of headers.
	Secrets []string
	// Skip says which paths' requests are not kept.
	Skip func(path string) bool
	// Shorten takes secrets out of a path, or of another text. A path that it changes is a page, of whose
	// requests and answers the bodies are not kept.
	Shorten func(text string) string
	// Account returns the ID of the account that contract.Principal returned, "" for none.
	Account func(principal any) string
}

// New returns an empty Journal.
func New(settings Settings) *Journal {
	return &Journal{settings: settings, entries: make([]control.JournalEntry, settings.Size)}
}

// List returns at most limit entries, newest first; with before, which is not 0, only older ones than
// the entry with that id.
func (j *Journal) List(limit int, before int64) []control.JournalEntry {
	j.lock.Lock()
	defer j.lock.Unlock()
	size := int64(len(j.entries))
	id := j.last
	if before > 0 {
		id = min(id, before-1)
	}
	list := []control.JournalEntry{}
	for ; id > max(0, j.last-size) && len(list) < limit; id-- {
		if entry := j.entries[id%size]; entry.ID == id { // not forgotten
			list = append(list, entry)
		}
	}
	return list
}

// Forget removes all entries. Their ids are not given again.
func (j *Journal) Forget() {
	j.lock.Lock()
	defer j.lock.Unlock()
	clear(j.entries)
}

// Refused keeps a request that no middleware saw, as net/http refused it; see server.WithRefusals.
func (j *Journal) Refused(status int, sentence string, body []byte) {
	j.add(control.JournalEntry{
		Time: j.settings.Now().UTC(), Status: status, AnswerBody: string(body),
		RequestHeaders: control.Headers{}, AnswerHeaders: control.Headers{},
		Why: control.Why{Text: sentence},
	})
}

func (j *Journal) add(entry control.JournalEntry) {
	j.lock.Lock()
	defer j.lock.Unlock()
	j.last++
	entry.ID = j.last
	j.entries[entry.ID%int64(len(j.entries))] = entry
}

// mask stands for a secret.
const mask = "[masked]"

// secret reports whether the values under a name are masked.
func (j *Journal) secret(name string) bool {
	return slices.Contains(j.settings.Secrets, http.CanonicalHeaderKey(name))
}
