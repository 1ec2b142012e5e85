package data

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Part is one parent's part of the training images, as the command line
// spells it:
//
//	classes:0-4              the images of classes 0 to 4
//	classes:cat,dog          of these classes, by name
//	classes:0-5+4-9,1/2      the first of two parents, who divide the images of classes 4 and 5
//	dirichlet:0.5,1/2        the first of two parents, by [ByDirichlet] with α = 0.5
//	shares:10+90,2/2         the second of two parents, with 90 % of the images
//	special:4:10+90,1/2      the first of two, with all of class 4 and 10 % of the rest, as in the paper's section 5.1
type Part struct {
	text    string
	index   int
	parents int
	divide  func(d *Dataset, seed uint64) (Partition, error)
}

// Parents is how many divide the images, 1 where the part is of classes alone.
func (p Part) Parents() int { return p.parents }

// String returns the part as it was spelt.
func (p Part) String() string { return p.text }

// Of returns the part of d. Parts that differ in their index alone, of one seed,
// have no image in common. An empty part is an error.
func (p Part) Of(d *Dataset, seed uint64) (*Dataset, error) {
	partition, err := p.divide(d, seed)
	if err != nil {
		return nil, err
	}
	if len(partition[p.index]) == 0 {
		return nil, fmt.Errorf("data: part %s of %s has no images", p.text, d.Name)
	}
	return d.Subset(partition[p.index])
}

// ParsePart reads a part. Whether a dataset has the classes is found out by
// [Part.Of].
func ParsePart(text string) (Part, error) {
	p := Part{text: text}
	if err := p.parse(); err != nil {
		return Part{}, fmt.Errorf("data: part %q: %w", text, err)
	}
	return p, nil
}

// parse fills in the index and the division.
func (p *Part) parse() (err error) {
	kind, what, _ := strings.Cut(p.text, ":")
	if kinds := []string{"classes", "dirichlet", "shares", "special"}; !slices.Contains(kinds, kind) {
		return fmt.Errorf("wanted classes:…, dirichlet:…, shares:… or special:…")
	}
	p.parents = 1
	if comma := strings.LastIndexByte(what, ','); strings.ContainsRune(what[comma+1:], '/') {
		if p.index, p.parents, err = parseIndex(what[comma+1:]); err != nil {
			return err
		}
		what = what[:max(comma, 0)]
	} else if kind != "classes" {
		return fmt.Errorf("wanted which of how many parents after a comma, such as ,1/2")
	}
	p.divide, err = parseDivision(kind, what, p.parents)
	return err
}

// parseIndex reads 1/2, the first of two parents.
func parseIndex(text string) (index, parents int, err error) {
	const most = 10000
	a, b, _ := strings.Cut(text, "/")
	index, errA := strconv.Atoi(a)
	parents, errB := strconv.Atoi(b)
	if cmp.Or(errA, errB) != nil || index < 1 || index > parents || parents > most {
		return 0, 0, fmt.Errorf("wanted which of how many parents, such as 1/2, found %q", text)
	}
	return index - 1, parents, nil
}

type division = func(d *Dataset, seed uint64) (Partition, error)

// parseDivision reads how the images are divided among the parents.
func parseDivision(kind, what string, parents int) (division, error) {
	switch kind {
	case "dirichlet":
		alpha, err := strconv.ParseFloat(what, 64)
		if err != nil || !(alpha > 0) {
			return nil, fmt.Errorf("wanted a positive α, found %q", what)
		}
		return func(d *Dataset, seed uint64) (Partition, error) { return ByDirichlet(d, parents, alpha, seed) }, nil
	case "shares":
		shares, err := parseShares(what, parents)
		return func(d *Dataset, seed uint64) (Partition, error) { return ByShares(d, shares, seed) }, err
	case "special":
		class, rest, _ := strings.Cut(what, ":")
		shares, err := parseShares(rest, parents)
		return func(d *Dataset, seed uint64) (Partition, error) {
			classes, err := d.classes(class)
			if err != nil || len(classes) != 1 {
				return nil, cmp.Or(err, fmt.Errorf("data: part of %s: wanted one special class, found %q", d.Name, class))
			}
			return BySpecialClass(d, classes[0], shares, seed)
		}, err
	}
	return parseClasses(strings.Split(what, "+"), parents)
}

func parseClasses(sets []string, parents int) (division, error) {
	if len(sets) != parents || slices.Contains(sets, "") {
		return nil, fmt.Errorf("wanted a list of classes for each of %d parents, joined by +, found %q", parents, strings.Join(sets, "+"))
	}
	return func(d *Dataset, seed uint64) (Partition, error) {
		all := make([][]int, len(sets))
		for k, set := range sets {
			var err error
			if all[k], err = d.classes(set); err != nil {
				return nil, err
			}
		}
		return ByClasses(d, all, seed)
	}, nil
}

func parseShares(text string, parents int) ([]float64, error) {
	words := strings.Split(text, "+")
	if len(words) != parents {
		return nil, fmt.Errorf("wanted a share for each of %d parents, joined by +, found %q", parents, text)
	}
	shares := make([]float64, len(words))
	for k, w := range words {
		var err error
		if shares[k], err = strconv.ParseFloat(w, 64); err != nil || !(shares[k] > 0) {
			return nil, fmt.Errorf("wanted positive shares, found %q", w)
		}
	}
	return shares, nil
}

// classes reads a list of classes, by name, number, or range of numbers.
func (d *Dataset) classes(list string) ([]int, error) {
	var classes []int
	for word := range strings.SplitSeq(list, ",") {
		if named := slices.Index(d.ClassNames, word); named >= 0 {
			classes = append(classes, named)
			continue
		}
		from, to, isRange := strings.Cut(word, "-")
		first, err := strconv.Atoi(from)
		last := first
		if isRange && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || first < 0 || first > last || last >= d.Classes {
			return nil, fmt.Errorf("data: part of %s: wanted the names of classes or numbers of 0 to %d, found %q", d.Name, d.Classes-1, word)
		}
		for c := first; c <= last; c++ {
			classes = append(classes, c)
		}
	}
	return classes, nil
}
