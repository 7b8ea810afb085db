// A second reader of a bundle's keys, checkpoint and tiles: Go's own golang.org/x/mod, the code
// behind sum.golang.org, which shares nothing with ours but the specifications.
//
//	go run . BUNDLE
//
// It opens the checkpoint with the last line of log.vkeys, hashes the entries tiles to the signed
// root, and lets the client of x/mod prove the last leaf from the hash tiles alone.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tiles reads hash tiles of height 8 by the paths of C2SP tlog-tiles.
type tiles string

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(t), path))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

// stored holds the hashes of a tree in the order of x/mod.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		all = append(all, s[index])
	}
	return all, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: second-reader BUNDLE")
	}
	dir := os.Args[1]
	tree := checkpoint(dir)
	hashes := leaves(dir, tree.N)
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash {
		log.Fatal("the leaves do not hash to the signed root")
	}
	if tree.N > 0 {
		reader := tlog.TileHashReader(tree, tiles(dir))
		proof, err := tlog.ProveRecord(tree.N, tree.N-1, reader)
		check(err)
		last := hashes[tlog.StoredHashIndex(0, tree.N-1)]
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, tree.N-1, last))
	}
	fmt.Printf("ok, %d leaves\n", tree.N)
}

func checkpoint(dir string) tlog.Tree {
	keys := strings.Split(strings.TrimSpace(read(dir, "log.vkeys")), "\n")
	verifier, err := note.NewVerifier(keys[len(keys)-1])
	check(err)
	opened, err := note.Open([]byte(read(dir, "checkpoint")), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatal("the checkpoint is not three lines of this log")
	}
	var size int64
	_, err = fmt.Sscan(lines[1], &size)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

func leaves(dir string, size int64) stored {
	var hashes stored
	for start := int64(0); start < size; start += 1 << height {
		width := min(size-start, 1<<height)
		tile := tlog.Tile{H: height, L: 0, N: start >> height, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		rest := []byte(read(dir, path))
		for index := start; index < start+width; index++ {
			length := 2 + int(binary.BigEndian.Uint16(rest))
			more, err := tlog.StoredHashes(index, rest[2:length], hashes)
			check(err)
			hashes, rest = append(hashes, more...), rest[length:]
		}
		if len(rest) != 0 {
			log.Fatal("an entries tile is longer than its leaves")
		}
	}
	return hashes
}

func read(dir, path string) string {
	bytes, err := os.ReadFile(filepath.Join(dir, path))
	check(err)
	return string(bytes)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
