package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

func init() { lives = append(lives, privateDNS) }

// privateDNS is Azure Private DNS by armprivatedns.
func privateDNS() {
	told := newLife("resourcemanager/privatedns/armprivatedns", "Azure Private DNS")
	zones := must(armprivatedns.NewPrivateZonesClient(subscription, credential(), options()))
	sets := must(armprivatedns.NewRecordSetsClient(subscription, credential(), options()))
	rg, zone := group(), "go.internal"
	put := func(ctx context.Context, one string, match, none *string) (*string, error) {
		body := armprivatedns.RecordSet{Properties: &armprivatedns.RecordSetProperties{
			TTL:      to.Ptr[int64](30),
			ARecords: []*armprivatedns.ARecord{{IPv4Address: to.Ptr(one)}},
		}}
		made, err := sets.CreateOrUpdate(ctx, rg, zone, armprivatedns.RecordTypeA, "www", body,
			&armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfMatch: match, IfNoneMatch: none})
		return made.Etag, err
	}
	told.step("create a zone by an operation", func(ctx context.Context) error {
		poller, err := zones.BeginCreateOrUpdate(ctx, rg, zone, armprivatedns.PrivateZone{Location: to.Ptr("global")}, nil)
		if err != nil {
			return err
		}
		made, err := poller.PollUntilDone(ctx, polling)
		if err != nil {
			return err
		}
		return same(*made.Properties.ProvisioningState, armprivatedns.ProvisioningStateSucceeded)
	})
	told.step("create, conditional update, stale etag: 412", func(ctx context.Context) error {
		etag, err := put(ctx, "10.0.0.1", nil, to.Ptr("*"))
		if err != nil {
			return err
		}
		if _, err = put(ctx, "10.0.0.2", etag, nil); err != nil {
			return err
		}
		_, stale := put(ctx, "10.0.0.3", etag, nil)
		_, exists := put(ctx, "10.0.0.3", nil, to.Ptr("*"))
		return first(refused(412, stale), refused(412, exists))
	})
	told.step("list with paging", func(ctx context.Context) error {
		pager := sets.NewListPager(rg, zone, &armprivatedns.RecordSetsClientListOptions{Top: to.Ptr[int32](1)})
		all, count, err := pages(ctx, pager,
			func(page armprivatedns.RecordSetsClientListResponse) []*armprivatedns.RecordSet { return page.Value })
		return first(err, same(len(all), 2), same(count, 2))
	})
	told.step("delete, twice", func(ctx context.Context) error {
		_, once := sets.Delete(ctx, rg, zone, armprivatedns.RecordTypeA, "www", nil)
		_, twice := sets.Delete(ctx, rg, zone, armprivatedns.RecordTypeA, "www", nil)
		return first(once, twice)
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
