"""Key Vault's keys by azure-keyvault-keys."""

import hashlib

from azure.keyvault.keys import KeyClient, KeyCurveName, KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm

from life import CA, URL, Life, absent, credential, end, group, refused, same

life = Life("azure-keyvault-keys", "Key Vault")
trust = {"connection_verify": CA, "verify_challenge_resource": False, "retry_total": 0}
client = KeyClient(URL, credential(), **trust)
name = group()


def using(key):
    return CryptographyClient(key, credential(), **trust)


def create():
    made = client.create_rsa_key(name, size=2048)
    same((made.key_type, made.name), ("RSA", name))
    assert made.id.startswith(f"{URL}/keys/{name}/"), made.id


def wrap():
    key = client.get_key(name)
    for algorithm in (EncryptionAlgorithm.rsa_oaep_256, EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa1_5):
        secret = using(key).encrypt(algorithm, b"secret").ciphertext
        same(using(key.id).decrypt(algorithm, secret).plaintext, b"secret")
    wrapped = using(key).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"k" * 32).encrypted_key
    same(using(key.id).unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key, b"k" * 32)


def sign():
    key, digest = client.get_key(name), hashlib.sha256(b"text").digest()
    for algorithm in (SignatureAlgorithm.rs256, SignatureAlgorithm.ps256):
        signature = using(key).sign(algorithm, digest).signature
        assert using(key).verify(algorithm, digest, signature).is_valid, algorithm
        assert not using(key).verify(algorithm, hashlib.sha256(b"other").digest(), signature).is_valid, algorithm


def curves():
    for curve, algorithm, digest in (
        (KeyCurveName.p_256, SignatureAlgorithm.es256, hashlib.sha256),
        (KeyCurveName.p_256_k, SignatureAlgorithm.es256_k, hashlib.sha256),
        (KeyCurveName.p_384, SignatureAlgorithm.es384, hashlib.sha384),
        (KeyCurveName.p_521, SignatureAlgorithm.es512, hashlib.sha512),
    ):
        key = client.create_ec_key(f"{name}-ec", curve=curve)
        same((key.key_type, key.key.crv), ("EC", curve))
        text, other = digest(b"text").digest(), digest(b"other").digest()
        signature = using(key.id).sign(algorithm, text).signature
        # With the public key at hand the client verifies by itself.
        assert using(key).verify(algorithm, text, signature).is_valid, algorithm
        assert not using(key).verify(algorithm, other, signature).is_valid, algorithm


def versions():
    second = client.create_rsa_key(name)
    same(client.get_key(name).properties.version, second.properties.version)
    same(len(list(client.list_properties_of_key_versions(name))), 2)
    pages = [list(page) for page in client.list_properties_of_key_versions(name, max_page_size=1).by_page()]
    same([len(page) for page in pages], [1, 1])
    assert name in [one.name for one in client.list_properties_of_keys()]


def rotation():
    rotate = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P90D")
    client.update_key_rotation_policy(name, KeyRotationPolicy(), lifetime_actions=[rotate], expires_in="P2Y")
    policy = client.get_key_rotation_policy(name)
    same((policy.expires_in, [one.time_after_create for one in policy.lifetime_actions]), ("P2Y", ["P90D"]))
    before = client.get_key(name)
    after = client.rotate_key(name)
    assert after.id != before.id and len(after.key.n) == len(before.key.n), after.id


def backup():
    kept, key = client.backup_key(name), client.get_key(name)
    client.begin_delete_key(name).result()
    same(client.begin_recover_deleted_key(name).result().id, key.id)
    client.begin_delete_key(name).result()
    client.purge_deleted_key(name)
    same(client.restore_key_backup(kept).id, key.id)
    same(client.get_key(name).key.n, key.key.n)


def disabled():
    key = client.get_key(name)
    wrapped = using(key).wrap_key(KeyWrapAlgorithm.rsa_oaep, b"k").encrypted_key
    client.update_key_properties(name, enabled=False)
    refused(403, lambda: using(key.id).unwrap_key(KeyWrapAlgorithm.rsa_oaep, wrapped))


def delete():
    client.begin_delete_key(name).result()
    same(absent(lambda: client.get_key(name)).error.code, "KeyNotFound")
    client.purge_deleted_key(name)
    absent(lambda: client.get_deleted_key(name))


life.step("create", create)
life.step("encrypt, decrypt, wrap, unwrap", wrap)
life.step("sign, verify", sign)
life.step("keys on four curves", curves)
life.step("versions, lists with paging", versions)
life.step("rotation policy, rotation", rotation)
life.step("backup, recovery, restoration", backup)
life.step("a disabled key", disabled)
life.step("delete, purge", delete)
end()
