package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// superuser is the name of the server's one user.
const superuser = "sandbox"

// process is a server of ours: its folder, and the program that runs in it.
type process struct {
	programs programs
	folder   string
	port     int
	shared   bool
	durable  bool // what it has answered survives a power cut

	command *exec.Cmd
	done    chan struct{} // closed when it has ended
	paused  []int
}

// start makes a server in a folder of its own and starts it.
func start(found programs, durable bool) (_ *Server, err error) {
	folder, err := os.MkdirTemp("", "pg-") // short, as the path of a socket may not be long
	if err != nil {
		return nil, err
	}
	p := &process{programs: found, folder: folder, durable: durable}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.remove())
		}
	}()
	password, err := p.initialize()
	if err != nil {
		return nil, err
	}
	for range 5 { // another program may take the port before the server does
		if p.port, err = freePort(); err != nil {
			return nil, err
		}
		s := &Server{process: p, address: &url.URL{
			Scheme: "postgres", User: url.UserPassword(superuser, password), Path: "/postgres",
			Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)), RawQuery: "sslmode=disable",
		}}
		if err = p.start(); err == nil {
			err = s.await()
		}
		if err == nil {
			return s, nil
		}
	}
	return nil, err
}

// initdb makes the server's files by PostgreSQL's program for that. Everybody has to give the password, so
// that URLs hold a secret that must not show.
func (p *process) initdb(password string) error {
	passwordFile := filepath.Join(p.folder, "password")
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return err
	}
	for _, path := range []string{p.folder, passwordFile} {
		if err := giveAway(path); err != nil {
			return err
		}
	}
	initdb := exec.CommandContext(context.Background(), p.programs.initdb, "--pgdata", p.data(), //nolint:gosec // a program of this machine
		"--username", superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--no-sync") // what the server writes later is flushed
	initdb.Dir = p.folder
	if err := prepare(initdb, false); err != nil {
		return err
	}
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}
	return os.Remove(passwordFile)
}

func (p *process) data() string { return filepath.Join(p.folder, "data") }

// start runs the program.
func (p *process) start() error {
	log, err := os.OpenFile(filepath.Join(p.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                                        // the program has its own
	command := exec.CommandContext(context.Background(), p.programs.postgres, "-D", p.data(), //nolint:gosec // a program of this machine
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(p.port),
		"-c", "unix_socket_directories="+socketFolder(p.folder),
		"-c", "max_connections=200", "-c", "log_min_messages=fatal",
		"-c", "fsync="+strconv.FormatBool(p.durable))
	command.Dir = p.folder
	command.Stdout, command.Stderr = log, log
	if err := prepare(command, true); err != nil {
		return err
	}
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		// Linux ends the program when the thread ends that has started it, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // killed, mostly
		}
	}()
	p.command, p.done = command, done
	return <-started
}

// ready reports whether the program says in its own file, where pg_ctl looks too, that it can be used. To
// ask it by connecting takes a process of the server each time.
func (p *process) ready() bool {
	text, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	lines := strings.Split(string(text), "\n")
	// The file of a program that was killed stays, with another number in its first line.
	return err == nil && len(lines) > 7 && lines[0] == strconv.Itoa(p.command.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

// ended reports whether the program does not run.
func (p *process) ended() bool {
	if p.done == nil {
		return true
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends the program as an administrator does: what is under way is broken off, and the files are in
// order. It does nothing when the program has ended.
func (p *process) stop() error { return p.end(interrupt) }

// end asks the program to end, and waits until it has.
func (p *process) end(ask func(*os.Process) error) error {
	if p.ended() {
		return nil
	}
	if err := errors.Join(p.resume(), ask(p.command.Process)); err != nil {
		return err
	}
	if err := poll(patience, func() (bool, error) { return p.ended(), nil }); err != nil {
		return errors.Join(err, p.kill())
	}
	return nil
}

// remove ends the program and deletes its files, which need not be put in order before.
func (p *process) remove() error {
	return errors.Join(p.end(abort), os.RemoveAll(p.folder))
}

// tail returns the end of what the program has logged.
func (p *process) tail() string {
	const most = 2000
	text, err := os.ReadFile(filepath.Join(p.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// freePort returns a port that nobody listens at. It is below those that systems give to clients: a
// client that connects to such a port while the server is down may be connected to itself, and then has
// the port.
func freePort() (int, error) {
	const lowest, count = 12_000, 18_000
	for range 100 {
		random, err := rand.Int(rand.Reader, big.NewInt(count))
		if err != nil {
			return 0, err
		}
		port := lowest + int(random.Int64())
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("there is no free port")
}
