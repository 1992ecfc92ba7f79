package page_test

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/page"
)

func TestQuality(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header  string
		quality float64
		rank    int
	}{
		{"", 0, 2},
		{"gzip", 1, 0},
		{"gzip, deflate, br, zstd", 1, 0},
		{"br;q=1.0, GZIP ; Q=0.8, *;q=0.1", 0.8, 0},
		{"gzip;q=0", 0, 0},
		{"gzip;q=0.000, *", 0, 0},
		{"*, gzip;q=0", 0, 0},
		{"gzip;q=x", 0, 2},
		{"gzip;q=2", 0, 2},
		{"gzip;q=-1", 0, 2},
		{"gzip;q=NaN", 0, 2},
		{"*", 1, 1},
		{"*;q=0", 0, 1},
		{"identity", 0, 2},
		{"xgzip, br", 0, 2},
		{";;, /, gzip", 1, 0},
		{",", 0, 2},
	} {
		if quality, rank := page.Quality([]string{test.header}, "gzip", "*"); quality != test.quality || rank != test.rank {
			t.Errorf("Quality(%q) = %v, %d, want %v, %d", test.header, quality, rank, test.quality, test.rank)
		}
	}
	if quality, _ := page.Quality([]string{"br", "gzip"}, "gzip"); quality != 1 {
		t.Error("Quality ignores the second header")
	}
}
