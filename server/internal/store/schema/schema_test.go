package schema

import (
	"errors"
	"testing"
	"testing/fstest"
)

func TestLatestIsTheLastMigration(t *testing.T) {
	t.Parallel()
	s, err := New(fstest.MapFS{
		"migration/00001_a.sql": {}, "migration/00010_c.sql": {}, "migration/00002_b.sql": {}, "migration/readme.txt": {},
	})
	if err != nil || s.Latest != 10 {
		t.Fatalf("New = %v, %v; want the latest version 10", s, err)
	}
	for version, want := range map[int64]bool{0: false, 9: false, 10: true} {
		if current, err := s.Current(version); err != nil || current != want {
			t.Errorf("Current(%d) = %v, %v; want %v", version, current, err, want)
		}
	}
	if _, err := s.Current(11); !errors.Is(err, ErrNewerDatabase) {
		t.Errorf("Current(11) = %v, want ErrNewerDatabase", err)
	}
	if _, err := New(fstest.MapFS{"migration/tables.sql": {}}); err == nil {
		t.Error("New accepts a migration without a version")
	}
}
