package reference

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/swaggest/swgui/v5/static"
)

// siteFiles returns what a site is made of, for a test to change.
func siteFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, from := range []fs.FS{pageFiles, static.FS} {
		err := fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(from, path)
			files[path] = &fstest.MapFile{Data: content}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTheVersionChangesWithTheAssets(t *testing.T) {
	t.Parallel()
	original, err := loadSite()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"swagger-ui.css.gz", "swagger-ui-bundle.js.gz", "favicon-32x32.png", "page/page.css", "page/page.js"} {
		files := siteFiles(t)
		if same, err := newSite(files, files); err != nil || same.version != original.version {
			t.Errorf("the same assets have another version, or %v", err)
		}
		files[file].Data = append(files[file].Data, ' ')
		if changed, err := newSite(files, files); err != nil || changed.version == original.version {
			t.Errorf("another %s has the same version, or %v", file, err)
		}
		delete(files, file)
		if _, err := newSite(files, files); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("without %s: %v", file, err)
		}
	}
}
