package server

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/failure"
)

// Links is the file of learned links. It has two buckets: what is known for
// good, as the KV store of the module has it, and the cache, whose entries end.
type Links struct{ db *bbolt.DB }

var linkBucket, cacheBucket = []byte("links"), []byte("cache")

// OpenLinks opens the file of learned links, or makes it. One process at a time
// can have it.
func OpenLinks(file string) (*Links, error) {
	var db *bbolt.DB
	err := undamaged(func() (err error) {
		db, err = bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second})
		return err
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, failure.Usage(fmt.Errorf("the learned links %q are in use", file), "another clickedge server may have the file: give each its own")
	}
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the learned links %q cannot be opened: %w", file, err),
			"name a file in a folder that the server may write to; what is in a damaged one is learned anew, so it can be moved away")
	}
	if err := undamaged(func() error { return prepare(db) }); err != nil {
		return nil, failure.Usage(fmt.Errorf("the learned links %q cannot be used: %w", file, errors.Join(err, db.Close())),
			"what is in a damaged file is learned anew, so it can be moved away")
	}
	return &Links{db}, nil
}

// prepare makes the buckets and reads the whole file once: of damage that is
// found later bbolt may end the process.
func prepare(db *bbolt.DB) error {
	if err := db.View(check); err != nil {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(linkBucket)
		if err == nil {
			_, err = tx.CreateBucketIfNotExists(cacheBucket)
		}
		return err
	})
}

func check(tx *bbolt.Tx) (first error) {
	for err := range tx.Check() { // to the end: else its goroutine stays
		if first == nil {
			first = fmt.Errorf("it is damaged: %w", err)
		}
	}
	return first
}

// Close closes the file.
func (l *Links) Close() error { return l.db.Close() }

// Stored returns what is known of a name for good.
func (l *Links) Stored(name *learned.Name) (learned.Entry, error) {
	text, err := l.get(linkBucket, name)
	return learned.ReadEntry(name, text), err
}

// get returns what a bucket has of a name, "" for nothing.
func (l *Links) get(bucket []byte, name *learned.Name) (text string, err error) {
	err = undamaged(func() error {
		return l.db.View(func(tx *bbolt.Tx) error {
			text = string(tx.Bucket(bucket).Get(name[:]))
			return nil
		})
	})
	return text, err
}

var errDamaged = errors.New("it is damaged")

// undamaged does something with the file, in which bbolt answers damage with a
// panic.
func undamaged(work func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	return work()
}

// put writes to a bucket. With add it is written only if there is nothing yet:
// taken reports whether there was. Writes of several readers at once are one
// transaction.
func (l *Links) put(bucket []byte, name *learned.Name, value []byte, add bool) (taken bool, err error) {
	err = undamaged(func() error {
		return l.db.Batch(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket)
			if taken = add && b.Get(name[:]) != nil; taken {
				return nil
			}
			return b.Put(name[:], value)
		})
	})
	return taken, err
}

// Sweep removes the entries of the cache whose time is over at now, in seconds
// since 1970.
func (l *Links) Sweep(now int64) error {
	return l.db.Update(func(tx *bbolt.Tx) error {
		c := tx.Bucket(cacheBucket).Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			name, ok := learned.ParseName(string(key))
			if e := learned.ReadCached(&name, string(value), now); ok && e.State != learned.Absent {
				continue
			}
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}
