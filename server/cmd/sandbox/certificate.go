package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a certificate in files, which are read again when they have changed: one that is renewed
// is served without a restart.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	lock    sync.Mutex
	loaded  *tls.Certificate
	changed [2]time.Time // when the files were, as they were loaded
	looked  time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = 10 * time.Second

// newCertificate reads the files, and fails when they are no pair of a certificate and its key.
func newCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// config returns how to serve HTTPS with the certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if time.Since(c.looked) > lookEvery {
		if err := c.load(); err != nil {
			c.logger.Error("the certificate cannot be read again; the old one is served", "error", err)
		}
	}
	return c.loaded, nil
}

// load reads the files when they have changed.
func (c *certificate) load() error {
	c.looked = time.Now()
	var changed [2]time.Time
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("the certificate: %w", err)
		}
		changed[i] = info.ModTime()
	}
	if c.loaded != nil && changed == c.changed {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("the certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.loaded, c.changed = &loaded, changed
	return nil
}
