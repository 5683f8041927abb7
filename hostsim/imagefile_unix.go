//go:build unix && !linux

package hostsim

import "os"

// imageFile is a temporary file without a name.
func imageFile() (*os.File, error) {
	file, err := os.CreateTemp("", "hostsim-image")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
