package override

import (
	"context"
	"errors"
	"fmt"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/publish"
)

// Store is the config store of a service.
type Store struct {
	*publish.Linked
	client *fastlyapi.Client
}

// Find finds the store that the service with this id, or else of this name, has
// as [contract.ConfigStore].
func Find(ctx context.Context, client *fastlyapi.Client, id, name string) (*Store, error) {
	linked, err := publish.FindLinked(ctx, client, id, name)
	if err != nil {
		return nil, publish.Failure(ctx, err)
	}
	if linked.ConfigStore == "" {
		return nil, failure.Bad(fmt.Errorf("version %d of service %s has no config store %q", linked.Version, linked.ServiceID, contract.ConfigStore),
			"clickedge publish links one; without it nothing overrides sites.json")
	}
	return &Store{linked, client}, nil
}

// Where names the store in a message.
func (s *Store) Where() string {
	return fmt.Sprintf("config store %s of service %s", s.ConfigStore, s.ServiceID)
}

// Read returns the entry of a host as it is stored; "" where there is none.
func (s *Store) Read(ctx context.Context, host string) (string, error) {
	item, err := s.client.Fastly().GetConfigStoreItem(ctx, &fastly.GetConfigStoreItemInput{StoreID: s.ConfigStore, Key: host})
	if err = fastlyapi.Cause(err); fastlyapi.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fastlyapi.Failure(err)
	}
	return item.Value, nil
}

// Object returns the entry of a host as an object; nil where there is none.
func (s *Store) Object(ctx context.Context, host string) (o *Object, text string, err error) {
	if text, err = s.Read(ctx, host); err != nil || text == "" {
		return nil, text, err
	}
	if o, err = Parse([]byte(text)); err != nil {
		return nil, text, failure.Bad(fmt.Errorf("the entry %s of %s is %w: the module ignores it", host, s.Where(), err), "clickedge override put replaces it")
	}
	return o, text, nil
}

// write puts an entry, or deletes it for "".
func (s *Store) write(ctx context.Context, host, text string) error {
	f := s.client.Fastly()
	if text == "" {
		err := fastlyapi.Cause(f.DeleteConfigStoreItem(ctx, &fastly.DeleteConfigStoreItemInput{StoreID: s.ConfigStore, Key: host}))
		if fastlyapi.IsNotFound(err) { // somebody was quicker, or an earlier try has deleted it
			return nil
		}
		return err
	}
	_, err := f.UpdateConfigStoreItem(ctx, &fastly.UpdateConfigStoreItemInput{StoreID: s.ConfigStore, Key: host, Value: text, Upsert: true})
	return fastlyapi.Cause(err)
}

// Unverified is the error after a write whose result is not what was written.
var errUnverified = errors.New("what the store has is not what was written")

// replace writes an entry, if the store still has what was read, and reads it
// back.
func (s *Store) replace(ctx context.Context, host, before, after string) error {
	now, err := s.Read(ctx, host)
	if err != nil {
		return err
	}
	if now != before {
		return failure.Bad(fmt.Errorf("somebody has changed the entry %s since it was read; nothing was written", host),
			"call the command again: it begins with what is there now")
	}
	if err := s.write(ctx, host, after); err != nil {
		f := failure.Of(fastlyapi.Failure(err))
		f.Err = fmt.Errorf("%w; the entry %s may or may not have been written", f.Err, host)
		return f
	}
	if now, err = s.Read(ctx, host); err != nil {
		return err
	}
	if now != after {
		return failure.Bad(fmt.Errorf("entry %s of %s: %w: %s", host, s.Where(), errUnverified, clean.Quote(now, 60)),
			"somebody else may have written at the same moment: clickedge override get "+host)
	}
	return nil
}
