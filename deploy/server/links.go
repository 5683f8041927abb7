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
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, failure.Usage(fmt.Errorf("the learned links %q are in use", file), "another clickedge server may have the file: give each its own")
	}
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the learned links %q cannot be opened: %w", file, err),
			"name a file in a folder that the server may write to; what is in a damaged one is learned anew, so it can be moved away")
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(linkBucket)
		if err == nil {
			_, err = tx.CreateBucketIfNotExists(cacheBucket)
		}
		return err
	})
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the learned links %q cannot be written: %w", file, errors.Join(err, db.Close())), "")
	}
	return &Links{db}, nil
}

// Close closes the file.
func (l *Links) Close() error { return l.db.Close() }

// Stored returns what is known of a name for good.
func (l *Links) Stored(name *learned.Name) learned.Entry {
	return learned.ReadEntry(name, l.get(linkBucket, name))
}

// get returns what a bucket has of a name, "" for nothing.
func (l *Links) get(bucket []byte, name *learned.Name) (text string) {
	_ = l.db.View(func(tx *bbolt.Tx) error {
		text = string(tx.Bucket(bucket).Get(name[:]))
		return nil
	})
	return text
}

// put writes to a bucket. With add it is written only if there is nothing yet:
// taken reports whether there was. Writes of several readers at once are one
// transaction.
func (l *Links) put(bucket []byte, name *learned.Name, value []byte, add bool) (taken bool, err error) {
	err = l.db.Batch(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if taken = add && b.Get(name[:]) != nil; taken {
			return nil
		}
		return b.Put(name[:], value)
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
