package module

import (
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/edge/prewarm"
)

// ErrNotOurs says that this version of [Build] did not make a file.
var ErrNotOurs = errors.New("not a module that this version of clickedge built")

// RoomError says that there are more sites than a module has room for.
type RoomError struct {
	Room int // bytes that there is room for
	Need int // bytes that the sites take
}

// Error states both sizes and what to do.
func (e *RoomError) Error() string {
	if e.Need > MostRoom {
		return fmt.Sprintf("the sites take %d bytes, and no module has room for more than %d: spread them over several services", e.Need, MostRoom)
	}
	return fmt.Sprintf("the sites take %d bytes, and the module has room for %d: build it with room for %d at least", e.Need, e.Room, e.Need)
}

// Swap puts other sites into a module that [Build] made. Nothing is compiled or
// run, so it takes as long as copying the module. The result is what Build
// makes of the same guest, room and sites, byte for byte. name is the name of
// sites.json in messages; "" is "sites.json".
//
// The error is a [*sitesjson.Error] for whatever Build refuses, [ErrNotOurs],
// or a [*RoomError].
//
// The learned links of the module stay in it.
func Swap(module, sites []byte, name string) ([]byte, Report, error) {
	return swap(module, sites, name, nil)
}

// SwapLearned is [Swap] that also puts other learned links into the module.
func SwapLearned(module, sites []byte, name string, items []learned.Item) ([]byte, Report, error) {
	return swap(module, sites, name, &items)
}

func swap(module, sites []byte, name string, items *[]learned.Item) ([]byte, Report, error) {
	text, err := readSites(name, sites)
	if err != nil {
		return nil, Report{}, err
	}
	old, room, err := prewarm.Filled(module)
	if err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	if _, err := sitetable.Open(string(old)); err != nil {
		return nil, Report{}, fmt.Errorf("%w: %w: build it anew", ErrNotOurs, err)
	}
	if items == nil {
		kept := learned.OpenArchive(string(old)).Items()
		items = &kept
	}
	if err := text.learn(*items); err != nil {
		return nil, Report{}, err
	}
	out, err := text.into(module)
	return out, Report{Table: len(text.table), Learned: text.learned, Room: room}, err
}

// Learned are the learned links inside a module that [Build] made; any other
// file has none.
func Learned(module []byte) []learned.Item {
	table, _, err := prewarm.Filled(module)
	if err != nil {
		return nil
	}
	return learned.OpenArchive(string(table)).Items()
}

// into writes the sites into a module's room and stamps it.
func (t *tabled) into(module []byte) ([]byte, error) {
	out, err := prewarm.Fill(module, t.table)
	var full *prewarm.Error
	if errors.As(err, &full) && full.Code == prewarm.RoomTooSmall {
		return nil, &RoomError{Room: full.Room, Need: full.Need}
	}
	if err != nil {
		return nil, err
	}
	return stamped(out, t.stamp)
}
