// What people do with the JavaScript client. Prints a line for each thing that it saw; the test that runs it knows which are right.
import * as k8s from '@kubernetes/client-node';
import { createInterface } from 'node:readline';

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const [what, namespace] = process.argv.slice(2);
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const map = (name, value = '1') => ({ metadata: { name }, data: { key: value } });

async function create() {
    const made = await core.createNamespacedConfigMap({ namespace, body: map('one', 'value') });
    const read = await core.readNamespacedConfigMap({ namespace, name: 'one' });
    console.log(read.metadata.name, read.data.key, read.metadata.uid === made.metadata.uid);
    await core.createNamespacedConfigMap({ namespace, body: map('two') });
    console.log((await core.listNamespacedConfigMap({ namespace })).items.map((i) => i.metadata.name).join(' '));
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
    await core.readNamespacedConfigMap({ namespace, name: 'one' }).catch((refusal) => console.log(refusal.code, JSON.parse(refusal.body).reason));
}

async function apply() {
    const own = (value, fieldManager, force = false) => core.patchNamespacedConfigMap(
        { namespace, name: 'one', fieldManager, force, body: { apiVersion: 'v1', kind: 'ConfigMap', ...map('one', value) } },
        k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply));
    console.log((await own('1', 'first')).metadata.managedFields[0].operation);
    await own('2', 'second').catch((refusal) => console.log(refusal.code, JSON.parse(refusal.body).reason));
    console.log((await own('2', 'second', true)).data.key);
}

async function watch() {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    await core.createNamespacedConfigMap({ namespace, body: map('one') });
    await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: map('one', '2') });
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
    await new Promise((resolve, reject) => {
        const started = new k8s.Watch(config).watch(path, { resourceVersion: metadata.resourceVersion, timeoutSeconds: 60 }, (type, object) => {
            console.log(type, object.metadata.name, object.data.key);
            if (type === 'DELETED') resolve(started.then((r) => r.abort()));
        }, (error) => reject(error ?? new Error('the watch ended')));
    });
}

// Prints what the informer tells until "last" came. An informer that lost its server says so; its users start it again.
async function informer() {
    const informer = k8s.makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
    let attempts = 0;
    await new Promise((resolve, reject) => {
        informer.on('error', (error) => (++attempts > 100 ? reject(error) : setTimeout(() => informer.start().catch(reject), 200)));
        for (const verb of ['add', 'update', 'delete']) {
            informer.on(verb, (object) => {
                console.log(verb, object.metadata.name, object.data.key);
                if (object.metadata.name === 'last') resolve();
            });
        }
        informer.start().then(() => console.log('started'), reject);
    });
    await informer.stop();
    console.log(informer.list(namespace).map((i) => i.metadata.name).sort().join(' '));
}

// Stops the informer, waits for a line, and starts it again with what it knew.
async function pause() {
    const informer = k8s.makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
    await informer.start();
    console.log(informer.list(namespace).map((i) => i.metadata.name).sort().join(' '));
    await informer.stop();
    for await (const line of createInterface(process.stdin)) if (line) break;
    await new Promise((resolve, reject) => {
        informer.on('delete', (object) => console.log('delete', object.metadata.name));
        informer.on('add', (object) => {
            console.log('add', object.metadata.name);
            resolve();
        });
        informer.on('error', reject);
        informer.start().catch(reject);
    });
    await informer.stop();
    console.log(informer.list(namespace).map((i) => i.metadata.name).sort().join(' '));
}

await { create, apply, watch, informer, pause }[what]();
process.exit(0);
