package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk fills the disk of the database and frees it again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	size := "size=3m"
	if os.Getenv("SOAK") != "" { // a soak stores more purchases
		size = "size=200m"
	}
	disk := mountDisk(t, size)
	database := "sqlite:" + filepath.Join(disk, "sandbox.db")
	p := startFaulty(t, database)
	l := startLoad(t, p.base)
	for range rounds(t, 3) {
		l.waitFor(20)
		filler := fillDisk(t, disk)
		l.waitForFailures(20)
		if c := l.current(); c.unknown+c.noResponse > 0 {
			t.Errorf("a full disk leaves no outcome open: %v", c)
		}
		waitReady(t, p.base, 200) // the sandbox can still read the database
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	l.waitFor(20)
	l.check(database)
	p.checkMemory(t)
}

// mountDisk mounts a file system of a given size. Without the right to do so it skips the test, in CI it
// fails the test.
func mountDisk(t *testing.T, size string) string {
	t.Helper()
	path := t.TempDir()
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, size); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("only the superuser can mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) })
	return path
}

// fillDisk writes a file until the disk is full and returns its path.
func fillDisk(t *testing.T, disk string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, size := range []int{1 << 20, 64 << 10, 4 << 10, 256} {
		for err = nil; err == nil; {
			_, err = file.Write(bytes.Repeat([]byte{1}, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	return file.Name()
}
