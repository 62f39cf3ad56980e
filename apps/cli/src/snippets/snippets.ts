/** A few lines in the user's language that send to an address and receive from it, with the real host and port. */

export const LANGUAGES = ['node', 'python', 'java', 'go', 'curl', 'mosquitto', 'millrace'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface SnippetPlace {
  readonly address: string;
  readonly host: string;
  readonly amqpPort: number;
  readonly mqttPort: number;
  /** Of the control API. */
  readonly server: string;
}

/** Languages by the protocols that they are shown for; the first one is the default. */
export const SNIPPETS: Readonly<
  Record<Language, Readonly<Partial<Record<'amqp' | 'mqtt' | 'http', (place: SnippetPlace) => string>>>>
> = {
  node: { mqtt: nodeMqtt, amqp: nodeAmqp },
  python: { mqtt: pythonMqtt, amqp: pythonAmqp },
  java: { amqp: javaAmqp },
  go: { mqtt: goMqtt },
  curl: { http: curl },
  mosquitto: { mqtt: mosquitto },
  millrace: { amqp: millrace },
};

function nodeMqtt({ address, host, mqttPort }: SnippetPlace): string {
  return `// npm install mqtt
import { connectAsync } from 'mqtt';

const client = await connectAsync(${text(`mqtt://${hostPart(host)}:${mqttPort}`)});
client.on('message', (topic, body) => console.log(topic, body.toString()));
await client.subscribeAsync(${text(address)}, { qos: 1 });
await client.publishAsync(${text(address)}, '21.5', { qos: 1 });
`;
}

function nodeAmqp({ address, amqpPort, host }: SnippetPlace): string {
  return `// npm install rhea
import rhea from 'rhea';

const connection = rhea.connect({ host: ${text(host)}, port: ${amqpPort} });
const sender = connection.open_sender(${text(address)});
sender.once('sendable', () => sender.send({ body: '21.5', durable: true }));
connection.open_receiver(${text(address)});
connection.on('message', ({ message }) => console.log(message.body));
`;
}

function pythonMqtt({ address, host, mqttPort }: SnippetPlace): string {
  return `# pip install paho-mqtt
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_message = lambda client, data, message: print(message.topic, message.payload.decode())
client.connect(${text(host)}, ${mqttPort})
client.subscribe(${text(address)}, qos=1)
client.publish(${text(address)}, "21.5", qos=1)
client.loop_forever()
`;
}

function pythonAmqp({ address, amqpPort, host }: SnippetPlace): string {
  return `# pip install python-qpid-proton
from proton import Message
from proton.utils import BlockingConnection

connection = BlockingConnection(${text(`amqp://${hostPart(host)}:${amqpPort}`)})
sender = connection.create_sender(${text(address)})
sender.send(Message(body="21.5", durable=True))
receiver = connection.create_receiver(${text(address)})
print(receiver.receive(timeout=10).body)
receiver.accept()
connection.close()
`;
}

function javaAmqp({ address, amqpPort, host }: SnippetPlace): string {
  return `// org.apache.qpid:protonj2-client
import org.apache.qpid.protonj2.client.*;

public class Example {
    public static void main(String[] arguments) throws Exception {
        try (Client client = Client.create();
             Connection connection = client.connect(${text(host)}, ${amqpPort})) {
            connection.openSender(${text(address)}).send(Message.create("21.5").durable(true));
            Delivery delivery = connection.openReceiver(${text(address)}).receive();
            System.out.println(delivery.message().body());
        }
    }
}
`;
}

function goMqtt({ address, host, mqttPort }: SnippetPlace): string {
  return `// go get github.com/eclipse/paho.mqtt.golang
package main

import (
	"fmt"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func main() {
	options := mqtt.NewClientOptions().AddBroker(${text(`tcp://${hostPart(host)}:${mqttPort}`)})
	client := mqtt.NewClient(options)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		panic(token.Error())
	}
	client.Subscribe(${text(address)}, 1, func(_ mqtt.Client, message mqtt.Message) {
		fmt.Println(message.Topic(), string(message.Payload()))
	}).Wait()
	client.Publish(${text(address)}, 1, false, "21.5").Wait()
	select {}
}
`;
}

function curl({ address, server }: SnippetPlace): string {
  const url = `${server.replace(/\/+$/, '')}/v1/addresses/${encodeURIComponent(address)}/messages`;
  return `curl -H 'content-type: text/plain' --data 21.5 \\
  ${word(url)}
curl ${word(url)}
`;
}

function mosquitto({ address, host, mqttPort }: SnippetPlace): string {
  const at = `-h ${word(host)} -p ${mqttPort}`;
  return `mosquitto_pub ${at} -q 1 -t ${word(address)} -m 21.5
mosquitto_sub ${at} -q 1 -t ${word(address)}
`;
}

function millrace({ address, amqpPort, host }: SnippetPlace): string {
  const url = word(`amqp://${hostPart(host)}:${amqpPort}`);
  return `millrace publish ${word(address)} 21.5 --url ${url}
millrace receive ${word(address)} --url ${url} --count 1
`;
}

/** A string of any of these languages: JSON's escapes are those of each of them. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** One word for a shell. */
function word(value: string): string {
  return /^[\w./:@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
