"""A program written for deepgram-sdk v4; nothing but the import was changed.

python examples/v4_program.py speech.wav
"""

import sys

from deepgram_anyio.sync import DeepgramClient, LiveOptions, LiveTranscriptionEvents, PrerecordedOptions


def main():
    deepgram = DeepgramClient()

    with open(sys.argv[1], "rb") as file:
        payload = {"buffer": file.read()}
    response = deepgram.listen.rest.v("1").transcribe_file(payload, PrerecordedOptions(model="nova-3"))
    print(response.results.channels[0].alternatives[0].transcript)

    connection = deepgram.listen.websocket.v("1")

    def on_message(self, result, **kwargs):
        sentence = result.channel.alternatives[0].transcript
        if len(sentence) > 0:
            print(f"speaker: {sentence}")

    connection.on(LiveTranscriptionEvents.Transcript, on_message)
    if connection.start(LiveOptions(model="nova-3", language="en-US")) is False:
        print("Failed to start connection")
        return
    connection.send(payload["buffer"])
    connection.finish()


if __name__ == "__main__":
    main()
