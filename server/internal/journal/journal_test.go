package journal_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/internal/journal"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("east", 3600))

// newJournal returns a Journal whose pages are below /page/, and whose reasons are the error of the
// request.
func newJournal(size int) *journal.Journal {
	return journal.New(journal.Settings{
		Size: size, Now: func() time.Time { return now },
		Secrets: []string{"Authorization", "Consumerkey", "Cookie", "Set-Cookie", "Location"},
		Skip:    func(path string) bool { return path == "/quiet" },
		Redact:  func(text string) string { return strings.ReplaceAll(text, "/page/secret-token", "/page/sec…") },
		Explain: func(_ echo.Context, entry *journal.Entry, err error) {
			if entry.Account = "ann"; err != nil {
				entry.Reason.Text = err.Error()
			}
		},
	})
}

// fill adds n entries.
func fill(j *journal.Journal, n int) {
	handler := j.Middleware(func(ec echo.Context) error { return ec.NoContent(http.StatusNoContent) })
	for range n {
		_ = handler(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()))
	}
}

func ids(entries []journal.Entry) []int64 {
	var list []int64
	for _, entry := range entries {
		list = append(list, entry.ID)
	}
	return list
}

func TestList(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		entries, limit int
		before         int64
		want           []int64
	}{
		{0, 10, 0, nil},
		{1, 10, 0, []int64{1}},
		{2, 10, 0, []int64{2, 1}},
		{3, 10, 0, []int64{3, 2, 1}},
		{4, 10, 0, []int64{4, 3, 2}},
		{7, 10, 0, []int64{7, 6, 5}},
		{7, 3, 0, []int64{7, 6, 5}},
		{7, 2, 0, []int64{7, 6}},
		{7, 0, 0, nil},
		{7, 10, 8, []int64{7, 6, 5}},
		{7, 10, 7, []int64{6, 5}},
		{7, 1, 7, []int64{6}},
		{7, 10, 6, []int64{5}},
		{7, 10, 5, nil}, // older entries are not kept
		{7, 10, 1, nil},
		{7, 10, 1 << 62, []int64{7, 6, 5}},
	} {
		j := newJournal(3)
		fill(j, row.entries)
		if got := ids(j.List(row.limit, row.before)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		before, after int
		want          []int64
	}{
		{0, 0, nil},
		{2, 0, nil},
		{7, 0, nil},
		{2, 1, []int64{3}},
		{7, 1, []int64{8}},
		{7, 2, []int64{9, 8}},
		{7, 5, []int64{12, 11, 10}},
	} {
		j := newJournal(3)
		fill(j, row.before)
		j.Clear()
		fill(j, row.after)
		if got := ids(j.List(10, 0)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v", row, got)
		}
		if got := j.List(10, int64(row.before)+1); len(got) != 0 {
			t.Errorf("%+v: after Clear, the older entries are %v", row, ids(got))
		}
	}
}

// TestConcurrent adds and lists entries at once: each entry is there, once.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 100
	j := newJournal(workers * each)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range each {
				fill(j, 1)
				if list := ids(j.List(3, 0)); !slices.IsSortedFunc(list, func(a, b int64) int { return int(b - a) }) {
					t.Errorf("the list is %v", list)
				}
			}
		})
	}
	group.Wait()
	list := ids(j.List(workers*each+1, 0))
	for i, id := range list {
		if id != int64(workers*each-i) {
			t.Fatalf("the entry at %d has the ID %d", i, id)
		}
	}
	if len(list) != workers*each {
		t.Errorf("%d entries", len(list))
	}
	for range workers {
		group.Go(j.Clear)
	}
	group.Wait()
}
