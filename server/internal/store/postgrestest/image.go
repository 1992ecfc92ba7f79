package postgrestest

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// image is the files of a new server, as they are before it first runs. All servers of one program begin
// with the same: to make them takes longer than to write them. They are kept in memory, so that nothing is
// left of them.
type image struct {
	once     sync.Once
	password string // of the superuser
	entries  []entry
	err      error
}

// entry is a file or a folder of an image. A folder comes before what is in it.
type entry struct {
	path string // below the image's folder
	mode fs.FileMode
	data []byte
}

// made is the image of this program's servers.
var made image

// initialize makes the server's files, and returns its password.
func (p *process) initialize() (password string, err error) {
	first := false
	made.once.Do(func() {
		first = true
		made.password = rand.Text()
		if made.err = p.initdb(made.password); made.err == nil {
			made.entries, made.err = read(p.data())
		}
	})
	if made.err != nil || first {
		return made.password, made.err
	}
	if err := giveAway(p.folder); err != nil {
		return "", err
	}
	return made.password, write(p.data(), made.entries)
}

// read returns a folder and what is in it.
func read(folder string) (entries []entry, err error) {
	err = filepath.WalkDir(folder, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := found.Info()
		if err != nil {
			return err
		}
		e := entry{mode: info.Mode()}
		if e.path, err = filepath.Rel(folder, path); err != nil {
			return err
		}
		if !found.IsDir() {
			if e.data, err = os.ReadFile(path); err != nil { //nolint:gosec // our own
				return err
			}
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// write makes a folder out of what read has returned, for the user of prepare.
func write(folder string, entries []entry) error {
	for _, e := range entries {
		path := filepath.Join(folder, e.path)
		var err error
		if e.mode.IsDir() {
			err = os.Mkdir(path, e.mode.Perm())
		} else {
			err = os.WriteFile(path, e.data, e.mode.Perm())
		}
		if err != nil {
			return err
		}
		if err := giveAway(path); err != nil {
			return err
		}
	}
	return nil
}
