package reference

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/swaggest/swgui/v5/static"
)

// The version depends on the contents of all assets.
func TestAssetVersion(t *testing.T) {
	t.Parallel()
	originals := fstest.MapFS{}
	for name, source := range map[string]fs.FS{
		"html/docs.js": files, "swagger-ui.css.gz": static.FS, "swagger-ui-bundle.js.gz": static.FS, "favicon-32x32.png": static.FS,
	} {
		content, err := fs.ReadFile(source, name)
		if err != nil {
			t.Fatal(err)
		}
		originals[name] = &fstest.MapFile{Data: content}
	}
	load := func(files fs.FS, style string) string {
		_, version, err := loadAssets(files, files, style)
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	version := load(originals, "style")
	if load(originals, "style") != version || load(originals, "other style") == version {
		t.Error("the version does not depend on the style sheet")
	}
	for name, file := range originals {
		originals[name] = &fstest.MapFile{Data: append(file.Data, ' ')}
		if load(originals, "style") == version {
			t.Errorf("the version does not depend on %s", name)
		}
		delete(originals, name)
		if _, _, err := loadAssets(originals, originals, ""); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		originals[name] = file
	}
}
