//go:build unix

package hostsim

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is what a guest's memory starts from, in a file that is never written
// again, and the mappings of it that no guest uses.
type image struct {
	data []byte
	file *os.File // nil: it cannot be mapped
	reused
}

// newImage keeps data for mapping. Without a file, or a mapping, guests get
// copies.
func newImage(data []byte) *image {
	file, err := imageFile()
	if err != nil {
		return &image{data: data}
	}
	page := os.Getpagesize()
	padded := append(data, make([]byte, (page-len(data)%page)%page)...)
	if _, err := file.Write(padded); err != nil {
		file.Close()
		return &image{data: data}
	}
	return &image{data: padded, file: file}
}

// mapped returns limit bytes of address space that start with the image. What
// is written there stays there: the mapping is private. The rest is zero and
// takes memory only where it is touched. done gives it back; used is how far
// the guest's memory had grown.
func (i *image) mapped(limit uint64) (buf []byte, done func(used int), err error) {
	if i.file == nil || uint64(len(i.data)) > limit || limit == 0 {
		return nil, nil, fmt.Errorf("no image to map")
	}
	if buf = i.take(limit); buf == nil {
		if buf, err = i.fresh(limit); err != nil {
			return nil, nil, err
		}
	}
	return buf, func(used int) { i.give(buf, used) }, nil
}

func (i *image) fresh(limit uint64) ([]byte, error) {
	const readWrite = unix.PROT_READ | unix.PROT_WRITE
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(limit), readWrite, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	if len(i.data) > 0 {
		_, err = unix.MmapPtr(int(i.file.Fd()), 0, base, uintptr(len(i.data)), readWrite, unix.MAP_PRIVATE|unix.MAP_FIXED)
	}
	buf := unsafe.Slice((*byte)(base), limit)
	if err != nil {
		unmap(buf)
		return nil, err
	}
	return buf, nil
}

func unmap(buf []byte) { unix.MunmapPtr(unsafe.Pointer(&buf[0]), uintptr(len(buf))) }

// close closes the file and frees the mappings that no guest uses. Those in use
// stay valid.
func (i *image) close() {
	if i != nil && i.file != nil {
		i.freeAll()
		i.file.Close()
	}
}
