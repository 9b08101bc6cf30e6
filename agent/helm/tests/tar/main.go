// Reads archives as Helm reads them, with Go's archive/tar, and prints what is in them: a line of JSON an archive.
// go run main.go FILE…
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

type file struct {
	Name   string `json:"name"`
	Sha256 string `json:"sha256"`
}

type read struct {
	Files []file `json:"files"`
	Error string `json:"error"`
}

func open(path string) (files []file, err error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(unpacked)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeXGlobalHeader || header.FileInfo().IsDir() {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		files = append(files, file{header.Name, hex.EncodeToString(sum[:])})
	}
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		files, err := open(path)
		answer := read{Files: files}
		if err != nil {
			answer.Error = err.Error()
		}
		if err := out.Encode(answer); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
