package schema

import (
	"errors"
	"testing"
	"testing/fstest"
)

func TestLatestIsTheLastMigration(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"tables/00001_a.sql": {}, "tables/00010_c.sql": {}, "tables/00002_b.sql": {}, "tables/readme.txt": {}}
	s, err := In(files, "tables")
	if err != nil || s.Latest != 10 {
		t.Fatalf("the latest is %v, %v; want 10", s, err)
	}
	for version, want := range map[int64]bool{0: false, 9: false, 10: true} {
		if current, err := s.Current(version); err != nil || current != want {
			t.Errorf("Current(%d) = %v, %v; want %v", version, current, err, want)
		}
	}
	if _, err := s.Current(11); !errors.Is(err, ErrNewerDatabase) {
		t.Errorf("a newer one: %v", err)
	}
}

func TestAMigrationWithoutAVersion(t *testing.T) {
	t.Parallel()
	if _, err := New(fstest.MapFS{"tables.sql": {}}); err == nil {
		t.Error("New took a migration that has no version")
	}
}
