package main

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/dns/armdns"
)

func init() { lives = append(lives, publicDNS) }

// publicDNS is Azure DNS by armdns.
func publicDNS() {
	told := newLife("resourcemanager/dns/armdns", "Azure DNS")
	zones := must(armdns.NewZonesClient(subscription, credential(), options()))
	sets := must(armdns.NewRecordSetsClient(subscription, credential(), options()))
	rg, zone := group(), "go.example"
	address := func(one string) armdns.RecordSet {
		return armdns.RecordSet{Properties: &armdns.RecordSetProperties{
			TTL:      to.Ptr[int64](60),
			ARecords: []*armdns.ARecord{{IPv4Address: to.Ptr(one)}},
		}}
	}
	put := func(ctx context.Context, name, one string, match, none *string) (*string, error) {
		made, err := sets.CreateOrUpdate(ctx, rg, zone, name, armdns.RecordTypeA, address(one),
			&armdns.RecordSetsClientCreateOrUpdateOptions{IfMatch: match, IfNoneMatch: none})
		return made.Etag, err
	}
	told.step("create a zone", func(ctx context.Context) error {
		made, err := zones.CreateOrUpdate(ctx, rg, zone, armdns.Zone{Location: to.Ptr("global")}, nil)
		if err != nil {
			return err
		}
		return first(same(*made.Name, zone), same(len(made.Properties.NameServers), 4))
	})
	told.step("create, create what exists: 412", func(ctx context.Context) error {
		if _, err := put(ctx, "www", "192.0.2.1", nil, to.Ptr("*")); err != nil {
			return err
		}
		_, err := put(ctx, "www", "192.0.2.1", nil, to.Ptr("*"))
		return refused(412, err)
	})
	told.step("conditional update, stale etag: 412", func(ctx context.Context) error {
		read, err := sets.Get(ctx, rg, zone, "www", armdns.RecordTypeA, nil)
		if err != nil {
			return err
		}
		if _, err = put(ctx, "www", "192.0.2.2", read.Etag, nil); err != nil {
			return err
		}
		_, err = put(ctx, "www", "192.0.2.3", read.Etag, nil)
		return refused(412, err)
	})
	told.step("list with paging", func(ctx context.Context) error {
		for at := range 5 {
			if _, err := put(ctx, fmt.Sprintf("h%d", at), "192.0.2.1", nil, nil); err != nil {
				return err
			}
		}
		pager := sets.NewListByTypePager(rg, zone, armdns.RecordTypeA,
			&armdns.RecordSetsClientListByTypeOptions{Top: to.Ptr[int32](4)})
		all, count, err := pages(ctx, pager,
			func(page armdns.RecordSetsClientListByTypeResponse) []*armdns.RecordSet { return page.Value })
		return first(err, same(len(all), 6), same(count, 2))
	})
	told.step("delete, twice, and read what is not there", func(ctx context.Context) error {
		_, once := sets.Delete(ctx, rg, zone, "www", armdns.RecordTypeA, nil)
		_, twice := sets.Delete(ctx, rg, zone, "www", armdns.RecordTypeA, nil)
		_, read := sets.Get(ctx, rg, zone, "www", armdns.RecordTypeA, nil)
		return first(once, twice, refused(404, read))
	})
	told.step("delete the zone", func(ctx context.Context) error {
		poller, err := zones.BeginDelete(ctx, rg, zone, nil)
		if err != nil {
			return err
		}
		if _, err = poller.PollUntilDone(ctx, polling); err != nil {
			return err
		}
		_, err = zones.Get(ctx, rg, zone, nil)
		return refused(404, err)
	})
}
