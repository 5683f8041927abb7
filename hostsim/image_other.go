//go:build !unix

package hostsim

import "errors"

// image is what a guest's memory starts from. It is copied for each guest:
// mapping is done on Unix only.
type image struct{ data []byte }

func newImage(data []byte) *image { return &image{data} }

func (*image) mapped(uint64) ([]byte, func(int), error) { return nil, nil, errors.ErrUnsupported }

func (*image) drop(buf []byte, from, to int) { clear(buf[from:to]) }

func (*image) close() {}
