package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cdn/armcdn/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/dns/armdns"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/trafficmanager/armtrafficmanager"
)

func init() { lives = append(lives, writtenByTeal) }

// recordSet is what Teal was asked to write beside its ledger.
type recordSet struct {
	Zone, Record string
	Addresses    []string
	TTL          int64
	Metadata     map[string]string
}

// teal is what Teal was asked to write.
type teal struct {
	DNS, PrivateDNS recordSet
	FrontDoor       struct {
		Profile, Endpoint, Route, OriginGroup, Group string
		Shares                                       map[string]int64
	}
	TrafficManager struct {
		Profile string
		Shares  map[string]int64
	}
}

// shares are percents by name, of the weights of what is enabled.
func shares(weights map[string]int64) map[string]int64 {
	whole, percents := int64(0), map[string]int64{}
	for _, weight := range weights {
		whole += weight
	}
	for name, weight := range weights {
		percents[name] = weight * 100 / whole
	}
	return percents
}

func texts(pointers map[string]*string) map[string]string {
	plain := map[string]string{}
	for key, value := range pointers {
		plain[key] = *value
	}
	return plain
}

// writtenByTeal reads what Teal's targets wrote, by four clients.
func writtenByTeal() {
	rg := group()
	command := exec.Command(os.Getenv("TEAL_WRITER"), rg)
	command.Stderr = os.Stderr
	var want teal
	said, problem := command.Output()
	if problem == nil {
		problem = json.Unmarshal(said, &want)
	}
	step := func(module, service string, act func(context.Context) error) {
		newLife(module, service).step("read what Teal wrote", func(ctx context.Context) error {
			if problem != nil {
				return fmt.Errorf("teal-writer: %w", problem)
			}
			return act(ctx)
		})
	}
	step("resourcemanager/dns/armdns", "Azure DNS", func(ctx context.Context) error {
		client := must(armdns.NewRecordSetsClient(subscription, credential(), options()))
		found, err := client.Get(ctx, rg, want.DNS.Zone, want.DNS.Record, armdns.RecordTypeA, nil)
		if err != nil {
			return err
		}
		var addresses []string
		for _, one := range found.Properties.ARecords {
			addresses = append(addresses, *one.IPv4Address)
		}
		return first(same(addresses, want.DNS.Addresses), same(*found.Properties.TTL, want.DNS.TTL),
			same(texts(found.Properties.Metadata), want.DNS.Metadata))
	})
	step("resourcemanager/privatedns/armprivatedns", "Azure Private DNS", func(ctx context.Context) error {
		client := must(armprivatedns.NewRecordSetsClient(subscription, credential(), options()))
		found, err := client.Get(ctx, rg, want.PrivateDNS.Zone, armprivatedns.RecordTypeA, want.PrivateDNS.Record, nil)
		if err != nil {
			return err
		}
		var addresses []string
		for _, one := range found.Properties.ARecords {
			addresses = append(addresses, *one.IPv4Address)
		}
		return first(same(addresses, want.PrivateDNS.Addresses), same(*found.Properties.TTL, want.PrivateDNS.TTL),
			same(texts(found.Properties.Metadata), want.PrivateDNS.Metadata))
	})
	step("resourcemanager/cdn/armcdn/v2", "Front Door", func(ctx context.Context) error {
		factory := must(armcdn.NewClientFactory(subscription, credential(), options()))
		door := want.FrontDoor
		route, err := factory.NewRoutesClient().Get(ctx, rg, door.Profile, door.Endpoint, door.Route, nil)
		if err != nil {
			return err
		}
		origins, _, err := pages(ctx, factory.NewAFDOriginsClient().NewListByOriginGroupPager(rg, door.Profile, door.Group, nil),
			func(page armcdn.AFDOriginsClientListByOriginGroupResponse) []*armcdn.AFDOrigin { return page.Value })
		weights := map[string]int64{}
		for _, one := range origins {
			if *one.Properties.EnabledState == armcdn.EnabledStateEnabled {
				weights[*one.Name] = int64(*one.Properties.Weight)
			}
		}
		return first(err, same(path.Base(*route.Properties.OriginGroup.ID), door.OriginGroup), same(shares(weights), door.Shares))
	})
	step("resourcemanager/trafficmanager/armtrafficmanager", "Traffic Manager", func(ctx context.Context) error {
		client := must(armtrafficmanager.NewProfilesClient(subscription, credential(), options()))
		found, err := client.Get(ctx, rg, want.TrafficManager.Profile, nil)
		if err != nil {
			return err
		}
		weights := map[string]int64{}
		for _, one := range found.Properties.Endpoints {
			if *one.Properties.EndpointStatus == armtrafficmanager.EndpointStatusEnabled {
				weights[*one.Name] = *one.Properties.Weight
			}
		}
		return same(shares(weights), want.TrafficManager.Shares)
	})
}
