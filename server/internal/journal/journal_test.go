package journal

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("east", 3600))

// newJournal returns a Journal of a size, whose pages are below /page/.
func newJournal(size int) *Journal {
	return New(Settings{
		Size: size, Now: func() time.Time { return began },
		Secrets: []string{"Authorization", "Consumerkey", "Cookie", "Set-Cookie"},
		Skip:    func(path string) bool { return path == "/quiet" },
		Shorten: func(text string) string { return strings.ReplaceAll(text, "/page/secret-of-a-page", "/page/sec…") },
		Account: func(principal any) string {
			name, _ := principal.(string)
			return name
		},
	})
}

func fill(j *Journal, n int) {
	for range n {
		j.Refused(http.StatusBadRequest, "No.", nil)
	}
}

func ids(entries []control.JournalEntry) []int64 {
	list := []int64{}
	for _, entry := range entries {
		list = append(list, entry.ID)
	}
	return list
}

func TestList(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		added, limit int
		before       int64
		want         []int64
	}{
		{0, 10, 0, []int64{}},
		{1, 10, 0, []int64{1}},
		{2, 10, 0, []int64{2, 1}},
		{3, 10, 0, []int64{3, 2, 1}},
		{4, 10, 0, []int64{4, 3, 2}},
		{7, 10, 0, []int64{7, 6, 5}},
		{7, 3, 0, []int64{7, 6, 5}},
		{7, 2, 0, []int64{7, 6}},
		{7, 0, 0, []int64{}},
		{7, 10, 8, []int64{7, 6, 5}},
		{7, 10, 7, []int64{6, 5}},
		{7, 1, 7, []int64{6}},
		{7, 10, 6, []int64{5}},
		{7, 10, 5, []int64{}}, // those before it are not kept
		{7, 10, 1, []int64{}},
		{7, 10, 1 << 62, []int64{7, 6, 5}},
	} {
		j := newJournal(3)
		fill(j, row.added)
		if got := ids(j.List(row.limit, row.before)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		before, after int
		want          []int64
	}{
		{0, 0, []int64{}},
		{2, 0, []int64{}},
		{7, 0, []int64{}},
		{2, 1, []int64{3}},
		{7, 1, []int64{8}},
		{7, 2, []int64{9, 8}},
		{7, 5, []int64{12, 11, 10}},
	} {
		j := newJournal(3)
		fill(j, row.before)
		j.Forget()
		fill(j, row.after)
		if got := ids(j.List(10, 0)); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v", row, got)
		}
		if got := j.List(10, int64(row.before)+1); len(got) != 0 {
			t.Errorf("%+v: of those that were forgotten, there are %v", row, ids(got))
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	j := newJournal(3)
	j.Refused(http.StatusRequestHeaderFieldsTooLarge, "The headers are too large.", []byte(`{"message":"x"}`))
	entry := j.List(1, 0)[0]
	if entry.Status != 431 || entry.Why.Text != "The headers are too large." || entry.AnswerBody != `{"message":"x"}` ||
		entry.RequestHeaders == nil || entry.AnswerHeaders == nil || !entry.Time.Equal(began) || entry.Time.Location() != time.UTC {
		t.Errorf("%+v", entry)
	}
}

// TestConcurrent has many add, list and forget at once: no entry is lost, and none is there twice.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const many, each = 8, 100
	j := newJournal(many * each)
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for range each {
				fill(j, 1)
				if list := ids(j.List(3, 0)); !slices.IsSortedFunc(list, func(a, b int64) int { return int(b - a) }) {
					t.Errorf("the list is %v", list)
				}
			}
		})
	}
	wg.Wait()
	list := ids(j.List(many*each+1, 0))
	for i, id := range list {
		if id != int64(many*each-i) {
			t.Fatalf("the id %d is at %d", id, i)
		}
	}
	if len(list) != many*each {
		t.Error(fmt.Sprint(len(list), " entries"))
	}
	for range many {
		wg.Go(j.Forget)
	}
	wg.Wait()
}
